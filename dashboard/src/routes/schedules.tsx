import { getRouteApi } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { ActionButton } from '@/components/action-button';
import { FromMemory } from '@/components/from-memory';
import { PageHead } from '@/components/page-head';
import { ScheduleEditor } from '@/components/schedules/schedule-editor';
import { ScheduleTable } from '@/components/schedules/schedule-table';
import { Empty, Failure, Loading } from '@/components/states';
import { useSchedules } from '@/hooks/use-queries';
import { useReadOnly } from '@/hooks/use-settings';

const route = getRouteApi('/schedules');

export function SchedulesPage() {
  const { new: isNew } = route.useSearch();
  return isNew ? <NewSchedule /> : <ScheduleList />;
}

function NewSchedule() {
  const navigate = route.useNavigate();
  return (
    <>
      <PageHead title="New schedule" />
      <ScheduleEditor
        onSaved={({ name }) => void navigate({ to: '/schedules/$name', params: { name } })}
        onCancel={() => void navigate({ search: {} })}
      />
    </>
  );
}

function ScheduleList() {
  const query = useSchedules();
  const navigate = route.useNavigate();
  const readOnly = useReadOnly();
  const create = (
    <ActionButton
      leftSection={<Plus size={16} aria-hidden="true" />}
      unavailable={readOnly}
      onClick={() => void navigate({ search: { new: true } })}
    >
      New schedule
    </ActionButton>
  );
  const schedules = query.data?.schedules ?? [];
  return (
    <>
      <PageHead title="Schedules">{schedules.length > 0 && create}</PageHead>
      {query.data && <FromMemory {...query.data} />}
      {query.isError && (
        <Failure
          what={query.data ? 'The newest state of the schedules' : 'The schedules'}
          error={query.error}
          onRetry={() => void query.refetch()}
          busy={query.isFetching}
        />
      )}
      {query.isPending && <Loading label="Loading schedules" rows={4} />}
      {query.data && schedules.length === 0 && (
        <Empty title="No schedules" action={create}>
          A schedule orders a mission at each of its times: by the clock of a time zone, or every so often.
        </Empty>
      )}
      {schedules.length > 0 && (
        <section className="panel" aria-label="Schedules">
          <ScheduleTable schedules={schedules} />
        </section>
      )}
    </>
  );
}
