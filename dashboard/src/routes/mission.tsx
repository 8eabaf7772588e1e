import { Progress } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Info } from 'lucide-react';
import type { ReactNode } from 'react';
import { ButtonLink } from '@/components/button-link';
import { CancelMission } from '@/components/cancel-mission';
import { JsonView } from '@/components/json-view';
import { MissionTimeline } from '@/components/mission-timeline';
import { Banner } from '@/components/outage-banner';
import { PageHead } from '@/components/page-head';
import { Failure, Loading, NotFound } from '@/components/states';
import { StatusBadge } from '@/components/status-badge';
import { Duration, FullTime } from '@/components/times';
import { useMission } from '@/hooks/use-queries';
import { ApiError } from '@/services/api';
import { isFinal, type Mission, type MissionDetail } from '@/services/missions';

const route = getRouteApi('/missions/$missionId');

export function MissionPage() {
  const { missionId } = route.useParams();
  const query = useMission(missionId);
  if (query.data) return <Shown detail={query.data} />;
  if (query.error instanceof ApiError && query.error.status === 404) {
    return (
      <>
        <PageHead title="Mission" />
        <NotFound
          title="There is no such mission"
          action={<ButtonLink to="/missions">To the missions</ButtonLink>}
        >
          No mission has the id <span className="mono wrap">{missionId}</span>.
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

function Shown({ detail }: { detail: MissionDetail }) {
  const { mission } = detail;
  return (
    <article aria-label={`Mission ${mission.name}`} data-mission-id={mission.id}>
      <PageHead title={mission.name}>
        <CancelMission mission={mission} />
      </PageHead>
      <div className="mission-state" aria-live="polite">
        <StatusBadge status={mission.status} size="lg" />
        {mission.cancelRequested && mission.status === 'IN_PROGRESS' && (
          <span className="pill">Cancel requested</span>
        )}
        {mission.statusReason && <span className="dim">{mission.statusReason}</span>}
      </div>
      {mission.status === 'IN_PROGRESS' && <ProgressLine percent={mission.progress} />}
      {detail.degraded && (
        <Banner tone="info" icon={<Info size={18} aria-hidden="true" />}>
          Read from the commander's memory
          {detail.asOf !== undefined && (
            <>
              {' '}
              as of <FullTime at={detail.asOf} />
            </>
          )}
          .
        </Banner>
      )}
      <Outcome mission={mission} />
      <div className="columns">
        <section className="panel" aria-labelledby="facts">
          <h2 id="facts">Facts</h2>
          <Facts mission={mission} />
        </section>
        <section className="panel" aria-labelledby="timeline">
          <h2 id="timeline">Timeline</h2>
          <MissionTimeline mission={mission} />
        </section>
      </div>
      <section className="panel" aria-labelledby="payload">
        <h2 id="payload">Payload</h2>
        <JsonView label="Payload" value={mission.payload ?? {}} />
      </section>
    </article>
  );
}

/** 0 is shown as under way without a measure: most handlers report none. */
function ProgressLine({ percent }: { percent: number }) {
  return (
    <div className="progress">
      <Progress.Root size="md" radius="xl">
        <Progress.Section
          value={percent > 0 ? percent : 100}
          striped={percent <= 0}
          animated={percent <= 0}
          aria-label={percent > 0 ? 'Progress' : undefined}
          withAria={percent > 0}
        />
      </Progress.Root>
      <span className="dim">{percent > 0 ? `${Math.round(percent)} %` : 'under way'}</span>
    </div>
  );
}

function Outcome({ mission }: { mission: Mission }) {
  const hasResult = mission.result !== undefined && mission.result !== null;
  if (!mission.error && !hasResult) return null;
  return (
    <>
      {mission.error && (
        <section
          className="panel outcome"
          data-tone={mission.status === 'CANCELLED' ? undefined : 'failed'}
          aria-labelledby="error"
        >
          <h2 id="error">
            {mission.status === 'QUEUED' || mission.status === 'SCHEDULED' ? 'Last error' : 'Error'}
          </h2>
          <p className="error-line">
            <code>{mission.error.code}</code> <span className="wrap">{mission.error.message}</span>
          </p>
        </section>
      )}
      {hasResult && (
        <section className="panel" aria-labelledby="result">
          <h2 id="result">Result</h2>
          <JsonView label="Result" value={mission.result} />
        </section>
      )}
    </>
  );
}

function Facts({ mission }: { mission: Mission }) {
  const labels = Object.entries(mission.labels);
  return (
    <dl className="facts">
      <Fact label="Mission id">
        <span className="mono wrap">{mission.id}</span>
      </Fact>
      <Fact label="Kind">{mission.kind}</Fact>
      <Fact label="Squad">{mission.squad}</Fact>
      <Fact label="Priority">{mission.priority}</Fact>
      {labels.length > 0 && (
        <Fact label="Labels">{labels.map(([key, value]) => `${key}: ${value}`).join(', ')}</Fact>
      )}
      <Fact label="Soldier">
        {mission.soldierId ? <span className="mono wrap">{mission.soldierId}</span> : '–'}
      </Fact>
      <Fact label="Attempt">
        {mission.attempt} of {mission.maxAttempts}
      </Fact>
      <Fact label="Run">{mission.run}</Fact>
      {mission.losses > 0 && <Fact label="Lost with a soldier">{mission.losses} times</Fact>}
      <Fact label="Timeout">{mission.timeoutSeconds} s</Fact>
      <Fact label="Created">
        <FullTime at={mission.createdAt} />
      </Fact>
      {mission.runAt !== undefined && mission.status === 'SCHEDULED' && (
        <Fact label="Runs at">
          <FullTime at={mission.runAt} />
        </Fact>
      )}
      {mission.startedAt !== undefined && (
        <Fact label="Started">
          <FullTime at={mission.startedAt} />
        </Fact>
      )}
      {mission.finishedAt !== undefined && (
        <Fact label="Finished">
          <FullTime at={mission.finishedAt} />
        </Fact>
      )}
      {mission.startedAt !== undefined && (isFinal(mission.status) || mission.status === 'IN_PROGRESS') && (
        <Fact label="Duration">
          <Duration from={mission.startedAt} to={mission.finishedAt} />
        </Fact>
      )}
      <Fact label="Last change">
        <FullTime at={mission.updatedAt} /> <span className="dim nowrap">version {mission.version}</span>
      </Fact>
    </dl>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
