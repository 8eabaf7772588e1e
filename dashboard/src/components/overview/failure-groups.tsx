import { Link } from '@tanstack/react-router';
import { CircleCheck } from 'lucide-react';
import { formatCount } from '@/components/format';
import { Failure, Loading } from '@/components/states';
import { RelativeTime } from '@/components/times';
import { useFailures, useStats } from '@/hooks/use-queries';
import type { FailureGroup, FailureRange } from '@/services/trends';
import styles from './failure-groups.module.css';

const SHOWN = 8;

/** What missions fail with, the most frequent first: one cause is one line, however many missions it hit. */
export function FailureGroups({ range }: { range: FailureRange }) {
  const failures = useFailures(range);
  const { data: stats } = useStats();
  if (!failures.data) {
    return failures.isError ? (
      <Failure
        what="What fails"
        error={failures.error}
        onRetry={() => void failures.refetch()}
        busy={failures.isFetching}
      />
    ) : (
      <Loading label="Loading what fails" rows={3} />
    );
  }
  const { groups, others } = failures.data;
  if (groups.length === 0 && (stats?.rates.failedPerMinute ?? 0) > 0) {
    return <p className="dim">Some failed just now. What they failed with is shown within 20 seconds.</p>;
  }
  if (groups.length === 0) {
    return (
      <p className={styles.calm}>
        <CircleCheck size={18} aria-hidden="true" />
        No mission failed in this time, up to 20 seconds ago.
      </p>
    );
  }
  const rest = others + groups.slice(SHOWN).reduce((sum, group) => sum + group.count, 0);
  return (
    <>
      <table className="table" aria-label="What fails">
        <thead>
          <tr>
            <th scope="col" className="num">
              Times
            </th>
            <th scope="col">Error</th>
            <th scope="col" className="wide">
              Kind
            </th>
            <th scope="col" className="wide">
              Last
            </th>
            <th scope="col">
              <span className="visually-hidden">Where to look</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {groups.slice(0, SHOWN).map((group) => (
            <Group key={`${group.kind} ${group.code} ${group.message}`} group={group} />
          ))}
        </tbody>
      </table>
      {rest > 0 && <p className="dim">{formatCount(rest)} failures more, with other errors.</p>}
    </>
  );
}

function Group({ group }: { group: FailureGroup }) {
  return (
    <tr>
      <td className="num strong">{formatCount(group.count)}</td>
      <td>
        <code className="error-text">{group.code}</code>{' '}
        <span className={styles.message}>{group.message}</span>
        <div className="sub narrow">
          <span>{group.kind}</span>
          <RelativeTime at={group.lastAt} />
        </div>
      </td>
      <td className="wide">{group.kind}</td>
      <td className="wide">
        <RelativeTime at={group.lastAt} />
      </td>
      <td className={styles.ways}>
        <Link to="/missions/$missionId" params={{ missionId: group.missionId }}>
          Newest
        </Link>
        <Link to="/missions" search={{ status: 'FAILED', kind: group.kind }}>
          All failed <span className="visually-hidden">of kind {group.kind}</span>
        </Link>
      </td>
    </tr>
  );
}
