import { Progress } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { CloudOff, Info } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { ButtonLink } from '@/components/button-link';
import { JsonView } from '@/components/json-view';
import { MissionActions } from '@/components/mission/mission-actions';
import { MissionError } from '@/components/mission/mission-error';
import { MissionFacts } from '@/components/mission/mission-facts';
import { MissionLog } from '@/components/mission/mission-log';
import { MissionTimeline } from '@/components/mission/mission-timeline';
import { Banner } from '@/components/outage-banner';
import { PageHead } from '@/components/page-head';
import { Failure, Loading, NotFound } from '@/components/states';
import { StatusBadge } from '@/components/status-badge';
import { Countdown, FullTime } from '@/components/times';
import { useMission, useTelemetry } from '@/hooks/use-queries';
import { ApiError } from '@/services/api';
import { isFinal, type Mission, type MissionDetail } from '@/services/missions';
import type { Telemetry } from '@/services/telemetry';
import css from './mission.module.css';

const route = getRouteApi('/missions/$missionId');

export function MissionPage() {
  const { missionId } = route.useParams();
  // A key: nothing of one mission stays when the address leads to another.
  return <OneMission key={missionId} missionId={missionId} />;
}

function OneMission({ missionId }: { missionId: string }) {
  const query = useMission(missionId);
  const [removed, setRemoved] = useState(false);
  const isGone = query.error instanceof ApiError && query.error.status === 404;
  // What RabbitMQ keeps is not there yet.
  const wasThere = query.data && !query.data.mission.keptByBroker;
  if (removed || (isGone && wasThere)) return <Removed name={query.data?.mission.name} byUs={removed} />;
  if (query.data) {
    return <Shown detail={query.data} stale={query.isError} onRemoved={() => setRemoved(true)} />;
  }
  if (isGone) {
    return (
      <>
        <PageHead title="Mission" />
        <NotFound
          title="There is no such mission"
          action={<ButtonLink to="/missions">To the missions</ButtonLink>}
        >
          No mission has the id <span className="mono wrap">{missionId}</span>. One that has ended is removed
          after some days.
        </NotFound>
      </>
    );
  }
  return (
    <>
      <PageHead title="Mission" />
      {query.isError ? (
        <Failure
          what="The mission"
          error={query.error}
          onRetry={() => void query.refetch()}
          busy={query.isFetching}
        />
      ) : (
        <Loading label="Loading mission" rows={8} />
      )}
    </>
  );
}

function Removed({ name, byUs }: { name?: string; byUs: boolean }) {
  return (
    <>
      <PageHead title={name ?? 'Mission'} />
      <NotFound
        title={byUs ? 'The mission is removed' : 'The mission was removed meanwhile'}
        action={<ButtonLink to="/missions">To the missions</ButtonLink>}
      >
        {byUs
          ? 'It is gone for good, with its payload, result, log and history.'
          : 'Somebody removed it, or its time to be kept was over, while it was shown here.'}
      </NotFound>
    </>
  );
}

function Shown({
  detail,
  stale,
  onRemoved,
}: {
  detail: MissionDetail;
  stale: boolean;
  onRemoved: () => void;
}) {
  const { mission } = detail;
  const telemetry = useTelemetry(mission.id);
  const hasResult = mission.result !== undefined && mission.result !== null;
  return (
    <article aria-label={`Mission ${mission.name}`} data-mission-id={mission.id}>
      <PageHead title={mission.name} />
      <div className={css.head}>
        <div className="mission-state" aria-live="polite">
          <StatusBadge status={mission.status} size="lg" />
          {mission.cancelRequested && mission.status === 'IN_PROGRESS' && (
            <span className="pill">Cancel requested</span>
          )}
          {mission.statusReason && <span>{mission.statusReason}</span>}
        </div>
        <span className="mono wrap dim">{mission.id}</span>
      </div>
      {mission.status === 'SCHEDULED' && mission.runAt !== undefined && (
        <p className={css.wait}>
          {mission.run > 0 ? `Attempt ${mission.attempt} begins` : 'Begins'} <FullTime at={mission.runAt} />:{' '}
          <Countdown to={mission.runAt} over="any moment now" />.
        </p>
      )}
      {mission.status === 'IN_PROGRESS' && <ProgressLine mission={mission} telemetry={telemetry.data} />}
      <MissionActions mission={mission} onRemoved={onRemoved} />
      <Freshness detail={detail} stale={stale} />
      <MissionError mission={mission} />
      {hasResult && (
        <Panel id="result" title="Result">
          <JsonView label="Result" value={mission.result} file={`mission-${mission.id}-result.json`} />
        </Panel>
      )}
      <Panel id="facts" title="Facts">
        <MissionFacts mission={mission} />
      </Panel>
      {!mission.keptByBroker && <Told mission={mission} telemetry={telemetry} />}
      <Panel id="payload" title="Payload">
        {mission.payload === undefined && detail.degraded ? (
          <p className="dim">The payload is not in the commander's memory. It is read once Redis is back.</p>
        ) : (
          <JsonView
            label="Payload"
            value={mission.payload ?? {}}
            file={`mission-${mission.id}-payload.json`}
          />
        )}
      </Panel>
    </article>
  );
}

/** What became of it so far, by the commander's record and by the handler's word. */
function Told({ mission, telemetry }: { mission: Mission; telemetry: ReturnType<typeof useTelemetry> }) {
  return (
    <>
      <Panel id="timeline" title="Timeline">
        <MissionTimeline mission={mission} />
      </Panel>
      <Panel id="log" title="Log">
        {telemetry.data && telemetry.data.lines.length > 0 ? (
          <MissionLog missionId={mission.id} telemetry={telemetry.data} />
        ) : telemetry.isError ? (
          <Failure
            what="The log"
            error={telemetry.error}
            onRetry={() => void telemetry.refetch()}
            busy={telemetry.isFetching}
          />
        ) : telemetry.isPending ? (
          <Loading label="Loading log" rows={2} />
        ) : (
          <p className="dim">
            {isFinal(mission.status) ? 'Its handler said nothing.' : 'Its handler has said nothing yet.'}
          </p>
        )}
      </Panel>
    </>
  );
}

function Panel({ id, title, children }: { id: string; title: string; children: ReactNode }) {
  return (
    <section className="panel" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

/** Where what is shown comes from, when that is not Redis. */
function Freshness({ detail, stale }: { detail: MissionDetail; stale: boolean }) {
  const info = <Info size={18} aria-hidden="true" />;
  if (detail.mission.keptByBroker) {
    return (
      <Banner tone="degraded" icon={info}>
        Redis is away, and RabbitMQ keeps this mission. It is created once Redis is back, and this page
        follows it from then on.
      </Banner>
    );
  }
  if (detail.degraded) {
    return (
      <Banner tone="info" icon={info}>
        Read from the commander's memory
        {detail.asOf !== undefined && (
          <>
            {' '}
            as of <FullTime at={detail.asOf} />
          </>
        )}
        .
      </Banner>
    );
  }
  if (stale) {
    return (
      <Banner tone="degraded" icon={<CloudOff size={18} aria-hidden="true" />}>
        The newest state could not be read. This is what was read before.
      </Banner>
    );
  }
  return null;
}

/** The newest of what the stream and the mission say. 0 is shown as under way without a measure: most handlers report none. */
function ProgressLine({ mission, telemetry }: { mission: Mission; telemetry?: Telemetry }) {
  const told = telemetry?.run === mission.run ? telemetry : undefined;
  const percent = Math.max(told?.progress ?? 0, mission.progress);
  const text = told?.progressText ?? mission.progressText;
  return (
    <div className={css.progress}>
      <Progress.Root size="md" radius="xl">
        <Progress.Section
          value={percent > 0 ? percent : 100}
          striped={percent <= 0}
          animated={percent <= 0}
          aria-label={percent > 0 ? 'Progress' : undefined}
          aria-valuetext={text && `${Math.round(percent)} %, ${text}`}
          withAria={percent > 0}
        />
      </Progress.Root>
      <span className="dim">
        {percent > 0 ? `${Math.round(percent)} %` : 'under way'}
        {text && ` · ${text}`}
      </span>
    </div>
  );
}
