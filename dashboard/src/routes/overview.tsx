import { getRouteApi, Link } from '@tanstack/react-router';
import { AttentionList } from '@/components/overview/attention-list';
import { FailureGroups } from '@/components/overview/failure-groups';
import { StatusTiles } from '@/components/overview/status-tiles';
import { TrendPlots } from '@/components/overview/trend-plots';
import { PageHead } from '@/components/page-head';
import { RANGES, type Range } from '@/services/trends';
import styles from './overview.module.css';

const route = getRouteApi('/');

const WORDS: Record<Range, string> = { '1h': '1 hour', '6h': '6 hours', '24h': '24 hours', '7d': '7 days' };

/** What is wrong, why, and what can be done; then how it went. */
export function OverviewPage() {
  const { range = '1h' } = route.useSearch();
  const failing = range === '1h' || range === '6h' ? '1h' : '24h';
  return (
    <>
      <PageHead title="Overview" />
      <AttentionList />
      <StatusTiles />
      <section className="panel" aria-label="Over time">
        <div className={styles.head}>
          <h2>Over time</h2>
          <nav aria-label="Time shown" className={styles.ranges}>
            {RANGES.map((one) => (
              <Link
                key={one}
                to="/"
                search={{ range: one === '1h' ? undefined : one }}
                className={styles.range}
                aria-current={one === range ? 'page' : undefined}
                activeOptions={{ exact: true, explicitUndefined: true }}
                resetScroll={false}
              >
                {WORDS[one]}
              </Link>
            ))}
          </nav>
        </div>
        <TrendPlots range={range} />
      </section>
      <section className="panel" aria-label="Failures">
        <div className={styles.head}>
          <h2>What fails</h2>
          <span className="dim">in the last {WORDS[failing].replace('1 ', '')}</span>
        </div>
        <FailureGroups range={failing} />
      </section>
    </>
  );
}
