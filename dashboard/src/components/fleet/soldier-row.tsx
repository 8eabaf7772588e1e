import { Link } from '@tanstack/react-router';
import { TriangleAlert } from 'lucide-react';
import { Duration, RelativeTime } from '@/components/times';
import type { Soldier } from '@/services/soldiers';
import { DrainSoldier } from './drain-soldier';
import styles from './fleet.module.css';
import { RunningMissions } from './running-missions';
import { Slots } from './slots';
import { SoldierState } from './soldier-state';

/** `version` is what most of the fleet has. */
export function SoldierRow({ soldier, version }: { soldier: Soldier; version?: string }) {
  const other =
    soldier.live && soldier.version !== '' && version !== undefined && soldier.version !== version;
  return (
    <tr data-soldier-id={soldier.id} data-state={soldier.live ? 'live' : 'dead'}>
      <td>
        <span className="strong mono wrap">{soldier.id}</span>
        <div className="sub">
          <span>{soldier.squads.length > 1 ? 'squads' : 'squad'} </span>
          {soldier.squads.map((squad) => (
            <Link key={squad} to="/squads" hash={`squad-${squad}`} preload={false}>
              {squad}
            </Link>
          ))}
          {soldier.lastSeenAt !== undefined && (
            <span className="narrow">
              seen <RelativeTime at={soldier.lastSeenAt} />
            </span>
          )}
          {soldier.version && <span className="narrow">{soldier.version}</span>}
        </div>
        {soldier.live ? (
          <div className="sub narrow">
            <Slots used={soldier.running.length} all={soldier.slots} />
            <RunningMissions running={soldier.running} />
          </div>
        ) : (
          <Fate soldier={soldier} />
        )}
      </td>
      <td>
        <SoldierState soldier={soldier} />
      </td>
      <td className="wide">
        {soldier.live ? (
          <Slots used={soldier.running.length} all={soldier.slots} />
        ) : (
          <span className="dim">{soldier.slots}, gone</span>
        )}
      </td>
      <td className="wide">
        <RunningMissions running={soldier.running} />
      </td>
      <td className="wide wrap">{soldier.kinds.join(', ') || '–'}</td>
      <td className="wide">
        <span className={`${styles.version} mono`} data-other={other || undefined}>
          {other && <TriangleAlert size={14} role="img" aria-label="Another version than most" />}
          {soldier.version || '–'}
        </span>
      </td>
      <td className="wide">
        <Duration from={soldier.startedAt} to={soldier.live ? undefined : soldier.lastSeenAt} />
      </td>
      <td className="wide">
        {soldier.lastSeenAt === undefined ? '–' : <RelativeTime at={soldier.lastSeenAt} />}
      </td>
      <td className={styles.end}>
        <DrainSoldier soldier={soldier} />
      </td>
    </tr>
  );
}

/** What became of a dead soldier's work: the question that its row raises. */
function Fate({ soldier }: { soldier: Soldier }) {
  return (
    <p className="sub">
      {soldier.draining
        ? 'It was drained. What it had not finished was handed back, and no attempt was spent.'
        : 'It was not heard for longer than its lease. What it ran was taken back and runs again elsewhere, or waits for a free slot.'}
    </p>
  );
}
