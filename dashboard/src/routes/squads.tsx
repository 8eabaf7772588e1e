import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { FromMemory } from '@/components/from-memory';
import { PageHead } from '@/components/page-head';
import { inOrder } from '@/components/squads/in-order';
import { KeyLimits } from '@/components/squads/key-limits';
import { SquadCard } from '@/components/squads/squad-card';
import { SquadOrder } from '@/components/squads/squad-order';
import styles from '@/components/squads/squads.module.css';
import { Empty, Failure, Loading } from '@/components/states';
import { useSquads } from '@/hooks/use-queries';
import type { Squad } from '@/services/squads';

const route = getRouteApi('/squads');

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
      {query.data && <Cards squads={query.data.squads} />}
      <KeyLimits />
    </>
  );
}

/** The squads in the order that the address says. It is that of the moment in which it was chosen: what is read, or about to be
    pressed, does not move because a count did. */
function Cards({ squads }: { squads: Squad[] }) {
  const { sort } = route.useSearch();
  const navigate = route.useNavigate();
  const arrange = () => ({ sort, names: inOrder(squads, sort) });
  const [order, setOrder] = useState(arrange);
  if (order.sort !== sort) setOrder(arrange());
  const place = (squad: Squad) => {
    const at = order.names.indexOf(squad.name);
    return at < 0 ? order.names.length : at; // one that came meanwhile is behind the others
  };
  return (
    <>
      {squads.length > 1 && (
        <SquadOrder
          sort={sort}
          onSort={(next) => {
            setOrder({ sort: next, names: inOrder(squads, next) });
            void navigate({ search: { sort: next }, replace: true });
          }}
        />
      )}
      <div className={styles.cards}>
        {squads
          .toSorted((a, b) => place(a) - place(b))
          .map((squad) => (
            <SquadCard key={squad.name} squad={squad} />
          ))}
      </div>
    </>
  );
}
