import { Skeleton } from '@mantine/core';
import { lazy, Suspense, useId, useMemo, useState } from 'react';
import { formatAbsolute } from '@/components/format';
import { useZone } from '@/hooks/use-zone';
import styles from './plot.module.css';

const PlotCanvas = lazy(() => import('./plot-canvas'));

export interface PlotSeries {
  label: string;
  /** A colour of app.css: "--ok-fg". Never the only difference: see dash. */
  color: string;
  /** One for each time; null where nothing was measured, which leaves a gap. */
  values: (number | null)[];
  dash?: 'dashed' | 'dotted';
  filled?: true;
}

export interface PlotProps {
  title: string;
  /** What the numbers are, for the legend and the table: "missions a second". */
  unit: string;
  format: (value: number) => string;
  /** Milliseconds since 1970, growing. */
  times: number[];
  series: PlotSeries[];
  /** How much time the axis shows, in milliseconds, up to the newest step. */
  span: number;
  /** What the steps of the axis may be, the smallest first; round numbers where it is left out. */
  steps?: readonly number[];
  /** The least that the top of the axis may be. */
  atLeast?: number;
  atMost?: number;
}

/**
 * Lines over time. The canvas says nothing to a screen reader, so a sentence stands for it, and a table holds the same
 * numbers for whoever asks.
 */
export function Plot(props: PlotProps) {
  const { title, unit, format, times, series } = props;
  const heading = useId();
  const [at, setAt] = useState<number>();
  const zone = useZone();
  const shown = at ?? newest(series);
  const known = shown !== undefined && shown < times.length;
  return (
    <figure className={styles.plot} aria-labelledby={heading}>
      <figcaption className={styles.head}>
        <h3 id={heading}>{title}</h3>
        <span className={styles.at}>
          {at !== undefined && known ? formatAbsolute(times[at] as number, zone) : unit}
        </span>
      </figcaption>
      <ul className={styles.legend}>
        {series.map((one) => {
          const value = known ? one.values[shown] : undefined;
          return (
            <li key={one.label}>
              <svg width="18" height="8" aria-hidden="true">
                <line
                  x1="0"
                  x2="18"
                  y1="4"
                  y2="4"
                  stroke={`var(${one.color})`}
                  strokeWidth="2.5"
                  strokeDasharray={one.dash === 'dashed' ? '6 3' : one.dash === 'dotted' ? '2 3' : undefined}
                />
              </svg>
              {one.label}
              <strong>{value == null ? '–' : format(value)}</strong>
            </li>
          );
        })}
      </ul>
      <div className={styles.canvas} aria-hidden="true">
        {times.length > 1 ? (
          <Suspense fallback={<Skeleton height="100%" radius="sm" />}>
            <PlotCanvas {...props} onCursor={setAt} />
          </Suspense>
        ) : (
          <p className={styles.nothing}>
            Nothing was measured yet. The first numbers come within 20 seconds.
          </p>
        )}
      </div>
      <Numbers {...props} />
    </figure>
  );
}

/** The newest step that has anything. */
function newest(series: PlotSeries[]): number | undefined {
  const lengths = series.map((one) => one.values.findLastIndex((value) => value !== null));
  const last = Math.max(...lengths);
  return last < 0 ? undefined : last;
}

const ROWS = 30;

function Numbers({ title, unit, format, times, series }: PlotProps) {
  const [open, setOpen] = useState(false);
  return (
    <details className={styles.numbers} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {title} as a table<span className="visually-hidden"> of {unit}</span>
      </summary>
      {open && <Table format={format} times={times} series={series} label={`${title}, ${unit}`} />}
    </details>
  );
}

function Table({
  label,
  format,
  times,
  series,
}: Pick<PlotProps, 'format' | 'times' | 'series'> & { label: string }) {
  const zone = useZone();
  // The steps that a person can read: at most so many, the newest first, each the newest of those around it.
  const rows = useMemo(() => {
    const every = Math.max(1, Math.ceil(times.length / ROWS));
    return times.map((_, i) => i).filter((i) => (times.length - 1 - i) % every === 0);
  }, [times]);
  return (
    <table className="table" aria-label={label}>
      <thead>
        <tr>
          <th scope="col">Time</th>
          {series.map((one) => (
            <th key={one.label} scope="col" className="num">
              {one.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.reverse().map((i) => (
          <tr key={times[i]}>
            <th scope="row">{formatAbsolute(times[i] as number, zone)}</th>
            {series.map((one) => (
              <td key={one.label} className="num">
                {one.values[i] == null ? '–' : format(one.values[i])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
