import { Progress } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { CircleCheck, CircleX, Clock } from 'lucide-react';
import { PageHead } from '@/components/page-head';
import { Empty, Failure, Loading } from '@/components/states';
import { RelativeTime } from '@/components/times';
import { useNow } from '@/hooks/use-now';
import { useSoldiers } from '@/hooks/use-queries';
import type { Soldier } from '@/services/soldiers';

/** A live soldier is heard at least every 25 s; past its lease something is wrong, though not yet decided. */
const SILENT_AFTER = 35_000;
const RUNNING_SHOWN = 4;

export function FleetPage() {
  const query = useSoldiers();
  return (
    <>
      <PageHead title="Fleet" />
      {query.data ? (
        <Fleet soldiers={query.data} />
      ) : query.isError ? (
        <Failure
          what="The fleet"
          error={query.error}
          onRetry={() => void query.refetch()}
          busy={query.isFetching}
        />
      ) : (
        <Loading label="Loading fleet" rows={4} />
      )}
    </>
  );
}

function Fleet({ soldiers }: { soldiers: Soldier[] }) {
  const live = soldiers.filter((soldier) => soldier.live);
  if (soldiers.length === 0) {
    return (
      <Empty title="No soldiers">
        Missions are accepted and wait until a soldier enlists. Start one with SOLDIER_ENROLLMENT_KEY set; it
        appears here at once.
      </Empty>
    );
  }
  const slots = live.reduce((sum, soldier) => sum + soldier.slots, 0);
  const used = live.reduce((sum, soldier) => sum + soldier.running.length, 0);
  const ordered = [...soldiers].sort((a, b) => Number(b.live) - Number(a.live) || a.id.localeCompare(b.id));
  return (
    <section className="panel" aria-label="Soldiers">
      <p className="summary">
        {live.length} {live.length === 1 ? 'soldier' : 'soldiers'} live, {used} of {slots} slots in use
      </p>
      <table className="table fleet" aria-label="Soldiers">
        <thead>
          <tr>
            <th scope="col">Soldier</th>
            <th scope="col">State</th>
            <th scope="col">Slots</th>
            <th scope="col" className="wide">
              Running
            </th>
            <th scope="col" className="wide">
              Kinds
            </th>
            <th scope="col" className="wide">
              Last seen
            </th>
            <th scope="col" className="wide">
              Version
            </th>
          </tr>
        </thead>
        <tbody>
          {ordered.map((soldier) => (
            <Row key={soldier.session || soldier.id} soldier={soldier} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row({ soldier }: { soldier: Soldier }) {
  return (
    <tr data-soldier-id={soldier.id} data-state={soldier.live ? 'live' : 'dead'}>
      <td className="cell-main">
        <span className="strong mono wrap">{soldier.id}</span>
        <div className="sub">
          <span>squad {soldier.squads.join(', ') || '–'}</span>
          {soldier.lastSeenAt !== undefined && (
            <span className="narrow">
              seen <RelativeTime at={soldier.lastSeenAt} />
            </span>
          )}
          {soldier.version && <span className="narrow">{soldier.version}</span>}
        </div>
        {soldier.running.length > 0 && (
          <div className="sub narrow">
            <RunningMissions soldier={soldier} />
          </div>
        )}
      </td>
      <td>
        <State soldier={soldier} />
      </td>
      <td className="slots">
        <span>
          {soldier.running.length} / {soldier.slots}
        </span>
        <Progress
          value={soldier.slots > 0 ? (100 * soldier.running.length) / soldier.slots : 0}
          size="sm"
          aria-label={`Slots in use by ${soldier.id}`}
        />
      </td>
      <td className="wide">
        <RunningMissions soldier={soldier} />
      </td>
      <td className="wide">{soldier.kinds.join(', ') || '–'}</td>
      <td className="wide">
        {soldier.lastSeenAt === undefined ? '–' : <RelativeTime at={soldier.lastSeenAt} />}
      </td>
      <td className="wide mono">{soldier.version || '–'}</td>
    </tr>
  );
}

function State({ soldier }: { soldier: Soldier }) {
  const now = useNow();
  if (!soldier.live) {
    return (
      <span className="status" data-status="DEAD">
        <CircleX size={14} aria-hidden="true" />
        Dead
      </span>
    );
  }
  if (soldier.lastSeenAt !== undefined && now - soldier.lastSeenAt > SILENT_AFTER) {
    return (
      <span className="status" data-status="SILENT" title="Not heard within its lease; not yet declared dead">
        <Clock size={14} aria-hidden="true" />
        Silent
      </span>
    );
  }
  return (
    <span className="status" data-status="LIVE">
      <CircleCheck size={14} aria-hidden="true" />
      Live
    </span>
  );
}

function RunningMissions({ soldier }: { soldier: Soldier }) {
  if (soldier.running.length === 0) return <span className="dim">nothing</span>;
  const more = soldier.running.length - RUNNING_SHOWN;
  return (
    <span className="running">
      {soldier.running.slice(0, RUNNING_SHOWN).map(({ missionId }) => (
        <Link
          key={missionId}
          to="/missions/$missionId"
          params={{ missionId }}
          className="mono"
          title={missionId}
          preload={false}
        >
          …{missionId.slice(-8)}
        </Link>
      ))}
      {more > 0 && <span className="dim">and {more} more</span>}
    </span>
  );
}
