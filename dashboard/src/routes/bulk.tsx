import { Info } from 'lucide-react';
import { ButtonLink } from '@/components/button-link';
import { FilterWords } from '@/components/missions/applied-filter';
import { BulkReport, BulkState, StopBulk } from '@/components/missions/bulk-report';
import { BULK_WORDS } from '@/components/missions/bulk-words';
import { Banner } from '@/components/outage-banner';
import { PageHead } from '@/components/page-head';
import { Empty, Failure, Loading } from '@/components/states';
import { Duration, FullTime } from '@/components/times';
import { useFinishedPurges } from '@/hooks/use-finished-purges';
import { useBulkJobs } from '@/hooks/use-queries';
import type { BulkJob } from '@/services/bulk';
import styles from './bulk.module.css';

export function BulkPage() {
  useFinishedPurges();
  return (
    <>
      <PageHead title="Bulk jobs">
        <ButtonLink to="/missions" variant="default">
          Missions
        </ButtonLink>
      </PageHead>
      <Jobs />
    </>
  );
}

function Jobs() {
  const { data, isError, error, isFetching, refetch } = useBulkJobs();
  if (!data) {
    return isError ? (
      <Failure what="The bulk jobs" error={error} onRetry={() => void refetch()} busy={isFetching} />
    ) : (
      <Loading label="Loading bulk jobs" />
    );
  }
  return (
    <>
      {data.degraded && (
        <Banner tone="info" icon={<Info size={18} aria-hidden="true" />}>
          Read from the commander's memory. Jobs wait until Redis is back.
        </Banner>
      )}
      {isError && (
        <Failure
          what="The newest state of the bulk jobs"
          error={error}
          onRetry={() => void refetch()}
          busy={isFetching}
        />
      )}
      {data.jobs.length === 0 ? (
        <section className="panel">
          <Empty title="No bulk jobs" action={<ButtonLink to="/missions">To the missions</ButtonLink>}>
            Filter the missions and choose “All that match” to retry, cancel or purge them at once. Jobs are
            kept for seven days.
          </Empty>
        </section>
      ) : (
        <ul className={styles.jobs} aria-label="Bulk jobs">
          {data.jobs.map((job) => (
            <Job key={job.id} job={job} />
          ))}
        </ul>
      )}
    </>
  );
}

function Job({ job }: { job: BulkJob }) {
  const { verb, icon: Icon } = BULK_WORDS[job.action];
  return (
    <li className="panel">
      <div className="part-head">
        <h2 className={styles.what}>
          <Icon size={17} aria-hidden="true" />
          <span className="wrap">
            {verb}{' '}
            {job.all ? (
              'all missions'
            ) : (
              <>
                missions with <FilterWords filter={job.filter} />
              </>
            )}
          </span>
        </h2>
        <BulkState job={job} />
      </div>
      <BulkReport job={job} />
      <div className={styles.foot}>
        <p className="dim">
          Ordered <FullTime at={job.createdAt} />
          {job.finishedAt !== undefined && (
            <>
              , took <Duration from={job.createdAt} to={job.finishedAt} />
            </>
          )}
          {job.reason && <>. Reason: {job.reason}</>}
        </p>
        <StopBulk job={job} />
      </div>
    </li>
  );
}
