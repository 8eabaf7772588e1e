import { getRouteApi } from '@tanstack/react-router';
import { ListChecks, Plus } from 'lucide-react';
import { useState } from 'react';
import { ButtonLink } from '@/components/button-link';
import { BulkDialog } from '@/components/missions/bulk-dialog';
import { MissionFilters } from '@/components/missions/mission-filters';
import { MissionList } from '@/components/missions/mission-list';
import { PageHead } from '@/components/page-head';
import { useFinishedPurges } from '@/hooks/use-finished-purges';
import type { BulkAction } from '@/services/bulk';
import type { MissionFilter } from '@/services/missions';
import styles from './missions.module.css';

const route = getRouteApi('/missions');

/** What changes letter by letter replaces the address; what is picked is a step to come back from. */
const TYPED: readonly string[] = ['kind', 'squad', 'label', 'q'];

export function MissionsPage() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const [bulk, setBulk] = useState<BulkAction>();
  useFinishedPurges();
  return (
    <>
      <PageHead title="Missions">
        <ButtonLink
          to="/bulk"
          variant="default"
          className="wide"
          leftSection={<ListChecks size={16} aria-hidden="true" />}
        >
          Bulk jobs
        </ButtonLink>
        {/* Where there is room for it, the head of every page has it. */}
        <ButtonLink
          to="/missions/new"
          className={styles.new}
          leftSection={<Plus size={16} aria-hidden="true" />}
        >
          New mission
        </ButtonLink>
      </PageHead>
      <MissionFilters
        filter={filter}
        onChange={(change) =>
          void navigate({
            search: (before) => ({ ...before, ...change }) as MissionFilter,
            replace: Object.keys(change).every((field) => TYPED.includes(field)),
          })
        }
      />
      <MissionList filter={filter} onFilter={(search) => void navigate({ search })} onBulk={setBulk} />
      {bulk && <BulkDialog action={bulk} filter={filter} onClose={() => setBulk(undefined)} />}
    </>
  );
}
