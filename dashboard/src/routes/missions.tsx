import { Button } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Info, Plus } from 'lucide-react';
import { useEffect, useMemo } from 'react';
import { ButtonLink } from '@/components/button-link';
import { MissionFilters } from '@/components/mission-filters';
import { MissionTable } from '@/components/mission-table';
import { Banner } from '@/components/outage-banner';
import { PageHead } from '@/components/page-head';
import { Empty, Failure, Loading } from '@/components/states';
import { FullTime } from '@/components/times';
import { useMissions } from '@/hooks/use-queries';
import type { Mission, MissionFilter } from '@/services/missions';

const route = getRouteApi('/missions');

/** A list that live changes have thinned out is filled up from the server. */
const FEW = 10;

export function MissionsPage() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <>
      <PageHead title="Missions">
        <ButtonLink to="/missions/new" leftSection={<Plus size={16} />}>
          New mission
        </ButtonLink>
      </PageHead>
      <MissionFilters
        filter={filter}
        onChange={(change) =>
          navigate({
            search: (before) => ({ ...before, ...change }) as MissionFilter,
            replace: 'kind' in change || 'squad' in change,
          })
        }
      />
      <MissionList filter={filter} onClear={() => navigate({ search: {} })} />
    </>
  );
}

function MissionList({ filter, onClear }: { filter: MissionFilter; onClear: () => void }) {
  const list = useMissions(filter);
  const { data, hasNextPage, isFetching, isPlaceholderData, fetchNextPage } = list;
  const missions = useMemo(() => distinct(data?.pages.flatMap((page) => page.missions) ?? []), [data]);

  const thin = missions.length < FEW && hasNextPage && !isFetching && !isPlaceholderData && !list.isError;
  useEffect(() => {
    if (thin) void fetchNextPage();
  }, [thin, fetchNextPage]);

  if (!data) {
    return list.isError ? (
      <Failure what="The missions" error={list.error} onRetry={() => void list.refetch()} busy={isFetching} />
    ) : (
      <Loading label="Loading missions" />
    );
  }
  const first = data.pages[0];
  return (
    <section aria-label="Mission list" className="panel" data-waiting={isPlaceholderData || undefined}>
      {first?.degraded && (
        <Banner tone="info" icon={<Info size={18} aria-hidden="true" />}>
          Read from the commander's memory
          {first.asOf !== undefined && (
            <>
              {' '}
              as of <FullTime at={first.asOf} />
            </>
          )}
          .{!first.complete && ' Older missions may be missing here; they are not lost.'}
        </Banner>
      )}
      {missions.length > 0 && <MissionTable missions={missions} busy={isFetching} />}
      {missions.length === 0 && !hasNextPage && <NoMissions filter={filter} onClear={onClear} />}
      {list.isError && (
        <Failure
          what={list.isFetchNextPageError ? 'Older missions' : 'The newest state of this list'}
          error={list.error}
          onRetry={() => void (list.isFetchNextPageError ? fetchNextPage() : list.refetch())}
          busy={isFetching}
        />
      )}
      {hasNextPage && !list.isError && (
        <div className="older">
          <Button variant="default" onClick={() => void fetchNextPage()} loading={list.isFetchingNextPage}>
            Older missions
          </Button>
        </div>
      )}
    </section>
  );
}

function NoMissions({ filter, onClear }: { filter: MissionFilter; onClear: () => void }) {
  if (filter.status || filter.kind || filter.squad) {
    return (
      <Empty
        title="No mission matches now"
        action={
          <Button variant="default" onClick={onClear}>
            Clear filters
          </Button>
        }
      >
        As soon as one does, it appears here.
      </Empty>
    );
  }
  return (
    <Empty
      title="No missions yet"
      action={<ButtonLink to="/missions/new">Order the first mission</ButtonLink>}
    >
      Order one here or with POST /missions; it appears at once.
    </Empty>
  );
}

/** Pages can overlap by a row that came in between two fetches. */
function distinct(missions: Mission[]): Mission[] {
  const seen = new Set<string>();
  return missions.filter((mission) => !seen.has(mission.id) && seen.add(mission.id));
}
