import { Plus, RotateCw } from 'lucide-react';
import { useState } from 'react';
import { ActionButton } from '@/components/action-button';
import { formatCount, formatDuration } from '@/components/format';
import { Failure, Loading } from '@/components/states';
import { NotedTime } from '@/components/times';
import { useLimits } from '@/hooks/use-places';
import { useReadOnly } from '@/hooks/use-settings';
import type { KeyLimit, Rate } from '@/services/limits';
import { KeyLimitDialog } from './key-limit-dialog';
import { RemoveKeyLimit } from './remove-key-limit';
import styles from './squads.module.css';

/** The limits of concurrency keys. Nothing pushes them: they say how old they are, and are read anew on demand. */
export function KeyLimits() {
  const query = useLimits();
  const readOnly = useReadOnly();
  const [edited, setEdited] = useState<KeyLimit | 'new'>();
  return (
    <section className="panel" aria-labelledby="key-limits">
      <div className={styles.head}>
        <h2 id="key-limits">Limits by key</h2>
        <div className={styles.actions}>
          <ActionButton
            variant="default"
            size="compact-sm"
            leftSection={<RotateCw size={14} aria-hidden="true" />}
            loading={query.isFetching}
            onClick={() => void query.refetch()}
            aria-label="Refresh limits by key"
          >
            Refresh
          </ActionButton>
          <ActionButton
            size="compact-sm"
            leftSection={<Plus size={14} aria-hidden="true" />}
            unavailable={readOnly}
            onClick={() => setEdited('new')}
          >
            Set a limit
          </ActionButton>
        </div>
      </div>
      <p className="summary">
        Missions of one concurrency key run one at a time, or as many at once, and start as fast, as is set
        here.
        {query.data && (
          <>
            {' '}
            Read <NotedTime at={query.dataUpdatedAt} />.
          </>
        )}
      </p>
      {query.isError && (
        <Failure
          what="The limits by key"
          error={query.error}
          onRetry={() => void query.refetch()}
          busy={query.isFetching}
        />
      )}
      {query.isPending && <Loading label="Loading limits by key" rows={2} />}
      {query.data?.length === 0 && !query.isError && <p className="dim">No key has a limit of its own.</p>}
      {query.data && query.data.length > 0 && <Table limits={query.data} onEdit={setEdited} />}
      <KeyLimitDialog edited={edited} onClose={() => setEdited(undefined)} />
    </section>
  );
}

function Table({ limits, onEdit }: { limits: KeyLimit[]; onEdit: (limit: KeyLimit) => void }) {
  const readOnly = useReadOnly();
  return (
    <table className="table" aria-label="Limits by key">
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col" className="num">
            At once
          </th>
          <th scope="col" className="wide">
            Rate
          </th>
          <th scope="col" className="num wide">
            Have a place
          </th>
          <th scope="col" className="num wide">
            Wait
          </th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {limits.map((limit) => (
          <tr key={limit.key}>
            <td>
              <span className="mono wrap">{limit.key}</span>
              <div className="sub narrow">
                {formatCount(limit.admitted)} have a place, {formatCount(limit.waiting)} wait
                {limit.rate && `; ${rateInWords(limit.rate)}`}
              </div>
            </td>
            <td className="num">{formatCount(limit.maxRunning)}</td>
            <td className="wide">
              {limit.rate ? rateInWords(limit.rate) : <span className="dim">any</span>}
            </td>
            <td className="num wide">{formatCount(limit.admitted)}</td>
            <td className="num wide">{formatCount(limit.waiting)}</td>
            <td className={styles.end}>
              <ActionButton
                variant="default"
                size="compact-sm"
                unavailable={readOnly}
                aria-label={`Change ${limit.key}`}
                onClick={() => onEdit(limit)}
              >
                Change
              </ActionButton>
              <RemoveKeyLimit limit={limit} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** "5 starts a second", "10 starts in 2 min". */
function rateInWords({ starts, periodSeconds }: Rate): string {
  const period = periodSeconds === 1 ? 'a second' : `in ${formatDuration(periodSeconds * 1_000)}`;
  return `${formatCount(starts)} ${starts === 1 ? 'start' : 'starts'} ${period}`;
}
