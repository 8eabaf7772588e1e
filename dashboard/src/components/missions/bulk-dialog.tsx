// One action on all missions that a filter fits: what it would change, an order, and what came of it.

import { Button, Modal, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { formatCount } from '@/components/format';
import { Empty, Failure, Loading } from '@/components/states';
import { StatusBadge } from '@/components/status-badge';
import { useFocusReturn } from '@/hooks/use-focus-return';
import { useBulkJobs } from '@/hooks/use-queries';
import { ApiError } from '@/services/api';
import {
  type BulkAction,
  type BulkJob,
  type BulkJobs,
  type BulkPreview,
  bulkKey,
  orderBulk,
  previewBulk,
} from '@/services/bulk';
import type { MissionFilter } from '@/services/missions';
import { FilterWords, isEmptyFilter } from './applied-filter';
import styles from './bulk-dialog.module.css';
import { BulkReport, BulkState, StopBulk } from './bulk-report';
import { BULK_WORDS, countMissions } from './bulk-words';

interface Props {
  action: BulkAction;
  filter: MissionFilter;
  onClose: () => void;
}

export function BulkDialog({ action, filter, onClose }: Props) {
  useFocusReturn();
  const [ordered, setOrdered] = useState<{ job: BulkJob; planned?: number }>();
  const which = isEmptyFilter(filter) ? 'all missions' : 'all that match';
  return (
    <Modal opened onClose={onClose} centered size="lg" title={`${BULK_WORDS[action].verb} ${which}`}>
      {!isEmptyFilter(filter) && (
        <p className={styles.filter}>
          Missions with <FilterWords filter={filter} />
        </p>
      )}
      {ordered ? (
        <Outcome {...ordered} onClose={onClose} />
      ) : (
        <Order
          action={action}
          filter={filter}
          onClose={onClose}
          onOrdered={(job, preview) =>
            setOrdered({ job, planned: preview.complete ? preview.matched : undefined })
          }
        />
      )}
    </Modal>
  );
}

interface OrderProps extends Props {
  onOrdered: (job: BulkJob, preview: BulkPreview) => void;
}

function Order({ action, filter, onClose, onOrdered }: OrderProps) {
  const preview = useQuery({
    queryKey: ['bulk-preview', action, filter],
    queryFn: ({ signal }) => previewBulk({ action, filter }, signal),
    staleTime: 0,
    gcTime: 0, // the next time it is another number
  });
  if (preview.isError && !preview.data) {
    return (
      <Failure
        what="What it would change"
        error={preview.error}
        onRetry={() => void preview.refetch()}
        busy={preview.isFetching}
      />
    );
  }
  if (!preview.data) return <Loading label="Counting what it would change" rows={4} />;
  if (preview.data.matched === 0 && preview.data.complete) {
    return (
      <Empty
        title="There is nothing to change"
        action={
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
        }
      >
        {BULK_WORDS[action].only}
      </Empty>
    );
  }
  return (
    <OrderForm
      action={action}
      filter={filter}
      preview={preview.data}
      onClose={onClose}
      onOrdered={(job) => onOrdered(job, preview.data)}
    />
  );
}

interface FormProps extends Props {
  preview: BulkPreview;
  onOrdered: (job: BulkJob) => void;
}

function OrderForm({ action, filter, preview, onClose, onOrdered }: FormProps) {
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const [typed, setTyped] = useState('');
  const { verb, done, means } = BULK_WORDS[action];
  const word = wordFor(action, filter);
  const order = useMutation({
    mutationFn: () => orderBulk({ action, filter, reason: reason.trim() || undefined }),
    onSuccess: (job) => {
      client.setQueryData<BulkJobs>(
        bulkKey,
        (list) => list && { ...list, jobs: [job, ...list.jobs.filter(({ id }) => id !== job.id)] },
      );
      onOrdered(job);
    },
  });
  const ready = word === undefined || typed.trim().toLowerCase() === word;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready && !order.isPending) order.mutate();
  };
  const count = preview.complete
    ? countMissions(preview.matched)
    : `more than ${countMissions(preview.matched)}`;
  const others = preview.matched - preview.sample.length;
  return (
    <form className={styles.form} onSubmit={submit}>
      <p>
        <strong className={styles.count}>{count}</strong> would be {done}. {means}
      </p>
      <ul className={styles.sample} aria-label="The newest of them">
        {preview.sample.map((mission) => (
          <li key={mission.id}>
            <span className={styles.name} title={mission.name}>
              {mission.name}
            </span>
            <StatusBadge status={mission.status} past />
          </li>
        ))}
        {others > 0 && (
          <li className="dim">
            and {formatCount(others)}
            {!preview.complete && ' or more'} others
          </li>
        )}
      </ul>
      <TextInput
        label="Reason"
        description="Optional; kept in the history of each mission."
        value={reason}
        maxLength={200}
        autoComplete="off"
        data-autofocus={word === undefined || undefined}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {word !== undefined && (
        <TextInput
          label={`Type “${word}” to go on`}
          value={typed}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          data-autofocus
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      )}
      {order.isError && <Refusal error={order.error} />}
      <div className="modal-actions">
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
        <Button
          type="submit"
          color={action === 'retry' ? undefined : 'red.9'}
          disabled={!ready}
          loading={order.isPending}
        >
          {verb} {preview.complete ? countMissions(preview.matched) : 'them all'}
        </Button>
      </div>
    </form>
  );
}

/** What has to be typed before what can't be undone, or reaches every mission there is. */
function wordFor(action: BulkAction, filter: MissionFilter): string | undefined {
  if (isEmptyFilter(filter)) return `${action} all`;
  return action === 'purge' ? 'purge' : undefined;
}

function Refusal({ error }: { error: unknown }) {
  const api = error instanceof ApiError ? error : undefined;
  return (
    <div role="alert" className="error-text">
      <p>{api?.message ?? 'The order failed in this page. Try again.'}</p>
      {api?.fieldErrors.map(({ field, message }) => (
        <p key={field}>
          <code>{field}</code> {message}
        </p>
      ))}
      {api?.mayPass && (
        <p>
          It may have been taken all the same: look at the <Link to="/bulk">bulk jobs</Link> before you order
          it again.
        </p>
      )}
      {api && <p className="mono">{api.code}</p>}
    </div>
  );
}

function Outcome({ job: first, planned, onClose }: { job: BulkJob; planned?: number; onClose: () => void }) {
  const { data } = useBulkJobs();
  const job = data?.jobs.find(({ id }) => id === first.id) ?? first;
  return (
    <div className={styles.form}>
      <p role="status">
        <BulkState job={job} />
      </p>
      <BulkReport job={job} planned={planned} />
      <div className="modal-actions">
        <StopBulk job={job} />
        <Button variant="default" onClick={onClose} data-autofocus>
          {job.state === 'running' ? 'Close; it goes on' : 'Close'}
        </Button>
      </div>
      <p className="dim">
        All of them stand in the <Link to="/bulk">list of bulk jobs</Link>.
      </p>
    </div>
  );
}
