import { Button } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { FleetControls } from '@/components/fleet/fleet-controls';
import { NoSoldiers } from '@/components/fleet/no-soldiers';
import { select, versions } from '@/components/fleet/order';
import { SoldierTable } from '@/components/fleet/soldier-table';
import { Totals } from '@/components/fleet/totals';
import { PageHead } from '@/components/page-head';
import { Empty, Failure, Loading } from '@/components/states';
import { useSoldiers } from '@/hooks/use-queries';
import type { Soldier } from '@/services/soldiers';

const route = getRouteApi('/fleet');

export function FleetPage() {
  const query = useSoldiers();
  return (
    <>
      <PageHead title="Fleet" />
      {query.data ? (
        <Fleet soldiers={query.data} />
      ) : query.isError ? (
        <Failure
          what="The fleet"
          error={query.error}
          onRetry={() => void query.refetch()}
          busy={query.isFetching}
        />
      ) : (
        <Loading label="Loading fleet" rows={4} />
      )}
    </>
  );
}

function Fleet({ soldiers }: { soldiers: Soldier[] }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  if (soldiers.length === 0) return <NoSoldiers />;
  const shown = select(soldiers, search);
  return (
    <>
      <Totals soldiers={soldiers} />
      <FleetControls
        search={search}
        onChange={(change) => void navigate({ search: { ...search, ...change }, replace: 'q' in change })}
      />
      <section className="panel" aria-label="Soldiers">
        {shown.length > 0 ? (
          <SoldierTable
            soldiers={shown}
            search={search}
            version={versions(soldiers)[0]?.[0]}
            onSort={(sort, down) =>
              void navigate({ search: { ...search, sort, down: down || undefined }, replace: true })
            }
          />
        ) : (
          <Empty
            title="No soldier matches now"
            action={
              <Button variant="default" onClick={() => void navigate({ search: {} })}>
                Clear filters
              </Button>
            }
          >
            {soldiers.length} {soldiers.length === 1 ? 'is' : 'are'} there. One that matches appears here at
            once.
          </Empty>
        )}
      </section>
    </>
  );
}
