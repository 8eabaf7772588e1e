import { Progress } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleCheck, CircleStop, CircleX, LoaderCircle, type LucideIcon } from 'lucide-react';
import { ActionButton } from '@/components/action-button';
import { formatCount } from '@/components/format';
import { useReadOnly } from '@/hooks/use-settings';
import { ApiError } from '@/services/api';
import { type BulkJob, type BulkJobs, bulkKey, stopBulk } from '@/services/bulk';
import type { MissionStatus } from '@/services/missions';
import styles from './bulk-report.module.css';
import { BULK_WORDS } from './bulk-words';

/** A job's state in the colours of a mission's. */
const STATES: Record<BulkJob['state'], { label: string; colour: MissionStatus; icon: LucideIcon }> = {
  running: { label: 'Running', colour: 'IN_PROGRESS', icon: LoaderCircle },
  done: { label: 'Done', colour: 'COMPLETED', icon: CircleCheck },
  stopped: { label: 'Stopped', colour: 'CANCELLED', icon: CircleStop },
  failed: { label: 'Failed', colour: 'FAILED', icon: CircleX },
};

/** What the reasons for leaving a mission alone mean; others are the status that it was in. */
const SKIPPED: Record<string, string> = {
  changed: 'did not fit any more',
  gone: 'removed meanwhile',
  may_be_adopted: 'may come back after Redis was wiped',
  deadline_passed: 'past the deadline',
  unique_key_taken: 'unique key taken by another',
};

export function BulkState({ job }: { job: BulkJob }) {
  const { label, colour, icon: Icon } = STATES[job.state];
  return (
    <span className="status" data-status={colour}>
      <Icon size={14} aria-hidden="true" className={job.state === 'running' ? 'spin' : undefined} />
      {label}
    </span>
  );
}

/** How far a job is and what came of it. Planned is how many it was to change, where that is known. */
export function BulkReport({ job, planned }: { job: BulkJob; planned?: number }) {
  const { done } = BULK_WORDS[job.action];
  const skipped = Object.entries(job.skipped);
  const leftAlone = skipped.reduce((sum, [, n]) => sum + n, 0);
  const handled = job.changed + job.failed + leftAlone;
  return (
    <div className={styles.report}>
      {job.state === 'running' && planned !== undefined && planned > 0 && (
        <Progress.Root size="md">
          <Progress.Section
            value={Math.min(100, (handled / planned) * 100)}
            aria-label="Progress of the bulk job"
          />
        </Progress.Root>
      )}
      <p>
        <strong>{formatCount(job.changed)}</strong> {done}
        {job.failed > 0 && (
          <>
            , <strong className="error-text">{formatCount(job.failed)} could not be</strong>
          </>
        )}
        {leftAlone > 0 && (
          <>
            , {formatCount(leftAlone)} left alone (
            {skipped.map(([reason, n]) => `${formatCount(n)} ${SKIPPED[reason] ?? reason}`).join(', ')})
          </>
        )}
        . <span className="dim">{formatCount(job.examined)} looked at.</span>
      </p>
      {job.error && (
        <p role="alert" className="error-text">
          {job.error}
        </p>
      )}
      {job.failures.length > 0 && (
        <details className={styles.failures} open={job.failures.length <= 5}>
          <summary>
            {job.failures.length < job.failed
              ? `The first ${formatCount(job.failures.length)} that could not be ${done}`
              : `What could not be ${done}`}
          </summary>
          <ul>
            {job.failures.map(({ missionId, message }) => (
              <li key={missionId}>
                <Link to="/missions/$missionId" params={{ missionId }} className="mono">
                  {missionId}
                </Link>{' '}
                {message}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

/** Stops a job that runs. What is changed stays so. */
export function StopBulk({ job }: { job: BulkJob }) {
  const client = useQueryClient();
  const readOnly = useReadOnly();
  const stop = useMutation({
    mutationFn: () => stopBulk(job.id),
    onSuccess: (after) =>
      client.setQueryData<BulkJobs>(
        bulkKey,
        (list) =>
          list && { ...list, jobs: list.jobs.map((other) => (other.id === after.id ? after : other)) },
      ),
  });
  if (job.state !== 'running') return null;
  return (
    <>
      {stop.isError && (
        <p role="alert" className="error-text">
          {stop.error instanceof ApiError ? stop.error.message : 'The stop failed in this page. Try again.'}
        </p>
      )}
      <ActionButton
        variant="default"
        size="compact-sm"
        leftSection={<CircleStop size={15} aria-hidden="true" />}
        unavailable={readOnly}
        loading={stop.isPending}
        onClick={() => stop.mutate()}
      >
        Stop
      </ActionButton>
    </>
  );
}
