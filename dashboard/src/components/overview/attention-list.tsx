import { Link } from '@tanstack/react-router';
import { CircleAlert, CircleCheck, Info, TriangleAlert } from 'lucide-react';
import { Failure, Loading } from '@/components/states';
import { RelativeTime } from '@/components/times';
import { useAttention } from '@/hooks/use-queries';
import { isCutOff, useStreamStatus } from '@/live/live-context';
import type { AttentionItem, Severity } from '@/services/attention';
import styles from './attention-list.module.css';

const LOOKS = {
  critical: { word: 'Critical', icon: CircleAlert },
  warning: { word: 'Warning', icon: TriangleAlert },
  info: { word: 'Note', icon: Info },
} as const satisfies Record<Severity, unknown>;

/** What is wrong, why, and what can be done, as the commander judges it; the worst first. */
export function AttentionList() {
  const attention = useAttention();
  const items = attention.data?.items;
  const { phase } = useStreamStatus();
  return (
    <section className="panel" aria-label="What needs attention">
      <div className={styles.head}>
        <h2>What needs attention</h2>
        {attention.data && phase !== 'live' && (
          <span className={styles.checked}>
            checked <RelativeTime at={attention.data.checkedAt} />
          </span>
        )}
      </div>
      {!items && attention.isPending && <Loading label="Loading what needs attention" rows={2} />}
      {attention.isError && (
        <Failure
          what="What needs attention"
          error={attention.error}
          onRetry={() => void attention.refetch()}
          busy={attention.isFetching}
        />
      )}
      {items?.length === 0 && !attention.isError && isCutOff(phase) && (
        <p className="dim">Nothing was known of. Now nobody knows: the commander can't be reached.</p>
      )}
      {items?.length === 0 && !attention.isError && !isCutOff(phase) && (
        <p className={styles.calm}>
          <CircleCheck size={20} aria-hidden="true" />
          Nothing. Missions flow, and every part answers.
        </p>
      )}
      {items && items.length > 0 && (
        <ul className={styles.list} aria-live="polite" aria-relevant="additions">
          {items.map((item) => (
            <Item key={item.id} item={item} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Item({ item }: { item: AttentionItem }) {
  const { word, icon: Icon } = LOOKS[item.severity];
  return (
    <li className={styles.item} data-severity={item.severity} data-attention={item.code}>
      <Icon size={18} aria-hidden="true" />
      <div>
        <p className={styles.title}>
          <span className="visually-hidden">{word}: </span>
          {item.title}{' '}
          {item.since !== undefined && (
            <span className={styles.since}>
              since <RelativeTime at={item.since} />
            </span>
          )}
        </p>
        {item.detail && <p>{item.detail}</p>}
        {item.advice && <p className={styles.advice}>{item.advice}</p>}
      </div>
      <Ways item={item} />
    </li>
  );
}

/** Where to see it, and act. */
function Ways({ item: { code, about } }: { item: AttentionItem }) {
  const filter = { status: about.status, kind: about.kind, squad: about.squad };
  const missions = about.status || about.kind || (about.squad && code !== 'squad_paused');
  return (
    <div className={styles.ways}>
      {about.missionId && (
        <Link to="/missions/$missionId" params={{ missionId: about.missionId }}>
          {code === 'failing_alike' ? 'The newest mission' : 'One of them'}
        </Link>
      )}
      {missions && (
        <Link to="/missions" search={filter}>
          Its missions
        </Link>
      )}
      {about.squad && <Link to="/squads">Squads</Link>}
      {(about.soldierId || code === 'soldiers_lost' || code === 'no_soldiers') && (
        <Link to="/fleet">Fleet</Link>
      )}
      {about.schedule && (
        <Link to="/schedules/$name" params={{ name: about.schedule }}>
          Its schedule
        </Link>
      )}
      {about.queue && <Link to="/set-aside">Set aside</Link>}
      {about.bulkId && <Link to="/bulk">Bulk jobs</Link>}
      {/^(redis|rabbitmq)_/.test(code) && <Link to="/health">Health</Link>}
    </div>
  );
}
