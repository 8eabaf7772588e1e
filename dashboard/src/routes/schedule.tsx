import { getRouteApi, Link } from '@tanstack/react-router';
import { Pencil } from 'lucide-react';
import type { ReactNode } from 'react';
import { ActionButton } from '@/components/action-button';
import { ButtonLink } from '@/components/button-link';
import { FromMemory } from '@/components/from-memory';
import { JsonView } from '@/components/json-view';
import { PageHead } from '@/components/page-head';
import { RunStrip } from '@/components/schedules/run-strip';
import { ScheduleActions } from '@/components/schedules/schedule-actions';
import { ScheduleEditor } from '@/components/schedules/schedule-editor';
import { ScheduleState } from '@/components/schedules/schedule-state';
import { ScheduleWhen } from '@/components/schedules/schedule-when';
import styles from '@/components/schedules/schedules.module.css';
import { MISSED_WORDS, OVERLAP_WORDS } from '@/components/schedules/when';
import { Failure, Loading, NotFound } from '@/components/states';
import { FullTime } from '@/components/times';
import { useSchedule } from '@/hooks/use-places';
import { useReadOnly } from '@/hooks/use-settings';
import { ApiError } from '@/services/api';
import type { Schedule } from '@/services/schedules';

const route = getRouteApi('/schedules/$name');

export function SchedulePage() {
  const { name } = route.useParams();
  const { edit } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useSchedule(name);
  const { data } = query;
  const gone = query.error instanceof ApiError && query.error.status === 404;
  if (data && edit) {
    return (
      <>
        <PageHead title={`Edit ${name}`} />
        <ScheduleEditor
          schedule={data}
          onSaved={() => void navigate({ search: {} })}
          onCancel={() => void navigate({ search: {} })}
        />
      </>
    );
  }
  return (
    <>
      <PageHead title={name}>{data && !gone && <Edit />}</PageHead>
      {gone && (
        <NotFound
          title="There is no such schedule"
          action={<ButtonLink to="/schedules">All schedules</ButtonLink>}
        >
          It may have been deleted. The missions that it ordered are still there.
        </NotFound>
      )}
      {query.isError && !gone && (
        <Failure
          what={data ? 'The newest state of the schedule' : 'The schedule'}
          error={query.error}
          onRetry={() => void query.refetch()}
          busy={query.isFetching}
        />
      )}
      {query.isPending && <Loading label="Loading schedule" />}
      {data && !gone && <Shown schedule={data} />}
    </>
  );
}

function Edit() {
  const navigate = route.useNavigate();
  const readOnly = useReadOnly();
  return (
    <ActionButton
      variant="default"
      leftSection={<Pencil size={15} aria-hidden="true" />}
      unavailable={readOnly}
      onClick={() => void navigate({ search: { edit: true } })}
    >
      Edit
    </ActionButton>
  );
}

function Shown({ schedule }: { schedule: Schedule }) {
  const navigate = route.useNavigate();
  const { name, mission, nextTimes, runs, missed, overlap, paused } = schedule;
  return (
    <>
      <FromMemory {...schedule} />
      <div className="mission-state">
        <ScheduleState schedule={schedule} />
        <div className={styles.actions}>
          <ScheduleActions schedule={schedule} onDeleted={() => navigate({ to: '/schedules' })} />
        </div>
      </div>
      <div className={styles.columns}>
        <section className="panel" aria-labelledby="about">
          <h2 id="about">About</h2>
          <dl className="facts">
            <Fact label="When">
              <ScheduleWhen schedule={schedule} />
            </Fact>
            <Fact label="Missed runs">{MISSED_WORDS[missed]}</Fact>
            <Fact label="Overlap">where its last mission has not ended, {OVERLAP_WORDS[overlap]}</Fact>
            <Fact label="Missions">
              <Link to="/missions" search={{ label: `schedule:${name}` }}>
                all that it ordered
              </Link>
            </Fact>
            <Fact label="Created">
              <FullTime at={schedule.createdAt} />
            </Fact>
            <Fact label="Changed">
              <FullTime at={schedule.updatedAt} />
            </Fact>
          </dl>
        </section>
        <section className="panel" aria-labelledby="next">
          <h2 id="next">Next times</h2>
          {nextTimes && nextTimes.length > 0 ? (
            <ol className={styles.times}>
              {nextTimes.map((at) => (
                <li key={at}>
                  <FullTime at={at} />
                </li>
              ))}
            </ol>
          ) : (
            <p className="dim">{paused ? 'None while it is paused.' : 'It is due at no time.'}</p>
          )}
        </section>
      </div>
      <section className="panel" aria-labelledby="runs">
        <h2 id="runs">Latest runs</h2>
        <RunStrip runs={runs ?? []} />
      </section>
      <section className="panel" aria-labelledby="mission">
        <h2 id="mission">What it orders</h2>
        <JsonView label="Mission" file={`schedule-${name}.json`} value={mission} />
      </section>
    </>
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
