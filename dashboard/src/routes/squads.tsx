import { FromMemory } from '@/components/from-memory';
import { PageHead } from '@/components/page-head';
import { KeyLimits } from '@/components/squads/key-limits';
import { SquadCard } from '@/components/squads/squad-card';
import styles from '@/components/squads/squads.module.css';
import { Empty, Failure, Loading } from '@/components/states';
import { useSquads } from '@/hooks/use-queries';

export function SquadsPage() {
  const query = useSquads();
  return (
    <>
      <PageHead title="Squads" />
      <p className={styles.hint}>
        A squad is a group of soldiers with orders of its own. It is there as soon as a mission names it (
        <code>"squad": "gpu"</code>) or a soldier serves it (<code>SOLDIER_SQUADS=gpu</code>); there may be
        100.
      </p>
      {query.data && <FromMemory {...query.data} />}
      {query.isError && (
        <Failure
          what={query.data ? 'The newest state of the squads' : 'The squads'}
          error={query.error}
          onRetry={() => void query.refetch()}
          busy={query.isFetching}
        />
      )}
      {query.isPending && <Loading label="Loading squads" rows={4} />}
      {query.data?.squads.length === 0 && (
        <Empty title="No squads">The first mission or soldier makes the squad default.</Empty>
      )}
      {query.data && (
        <div className={styles.cards}>
          {query.data.squads.map((squad) => (
            <SquadCard key={squad.name} squad={squad} />
          ))}
        </div>
      )}
      <KeyLimits />
    </>
  );
}
