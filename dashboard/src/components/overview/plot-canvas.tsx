// The lines themselves: a chapter of its own, because the drawing library is not needed before a page has plots.

import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { DAY, formatDay, formatMinute, ROUND_LENGTHS } from '@/components/format';
import { useZone, type Zone } from '@/hooks/use-zone';
import type { PlotProps, PlotSeries } from './plot';

interface Props extends PlotProps {
  /** The step under the pointer; undefined once it has left. */
  onCursor: (index: number | undefined) => void;
}

const SYNC = 'overview';
/** Steps of the time axis in seconds: its labels tell no seconds, so none is shorter than a minute. */
const MINUTES = ROUND_LENGTHS.filter((length) => length >= 60_000).map((length) => length / 1_000);
/** So much time an axis shows in any case. */
const LEAST_SECONDS = 300;

export default function PlotCanvas({ times, series, format, span, steps, atLeast, atMost, onCursor }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const zone = useZone();
  const scheme = useComputedColorScheme();
  const latest = useRef({ times, series, onCursor });
  latest.current = { times, series, onCursor };

  // Colours, zone and the series' looks are fixed in a plot; another of these is another plot.
  const looks = series.map(({ label, color, dash, filled }) => ({ label, color, dash, filled }));
  const made = JSON.stringify([looks, zone, scheme, span, steps, atLeast, atMost]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: made stands for all that the plot is made from
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const it = new UPlot(
      options({
        element,
        looks,
        format,
        zone,
        span,
        steps,
        atLeast,
        atMost,
        onCursor: (i) => latest.current.onCursor(i),
      }),
      data(latest.current.times, latest.current.series),
      element,
    );
    plot.current = it;
    const resize = new ResizeObserver(() =>
      it.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    resize.observe(element);
    return () => {
      resize.disconnect();
      it.destroy();
    };
  }, [made]);

  useEffect(() => {
    plot.current?.setData(data(times, series));
  }, [times, series]);

  return <div ref={box} style={{ height: '100%' }} />;
}

function data(times: number[], series: PlotSeries[]): UPlot.AlignedData {
  return [times.map((at) => at / 1_000), ...series.map((one) => one.values)];
}

/** Steps between two gaps, which would be no line: they are drawn as points. */
function alone(values: UPlot.TypedArray | (number | null | undefined)[]): number[] | null {
  const found: number[] = [];
  values.forEach((value, i) => {
    if (value != null && values[i - 1] == null && values[i + 1] == null) found.push(i);
  });
  return found.length > 0 ? found : null;
}

/** As the format has it, without what says nothing on an axis: "5 s" beside "10 s", and 0 of whatever it is. */
const short = (n: number, format: Make['format']) => (n === 0 ? '0' : format(n).replace('.0 ', ' '));

interface Make {
  element: HTMLElement;
  looks: Pick<PlotSeries, 'label' | 'color' | 'dash' | 'filled'>[];
  format: (value: number) => string;
  zone: Zone;
  span: number;
  steps?: readonly number[];
  atLeast?: number;
  atMost?: number;
  onCursor: (index: number | undefined) => void;
}

function options({
  element,
  looks,
  format,
  zone,
  span,
  steps,
  atLeast = 0,
  atMost,
  onCursor,
}: Make): UPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: color('--dim'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: color('--line-soft'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    padding: [6, 20, 0, 0], // right: half of a label of the time axis
    legend: { show: false },
    tzDate: (seconds) =>
      zone === 'utc' ? UPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC') : new Date(seconds * 1_000),
    cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, points: { size: 6 } },
    hooks: { setCursor: [(u) => onCursor(u.cursor.idx ?? undefined)] },
    scales: {
      // Up to the whole time that was asked for; a young installation need not look at an empty plot.
      x: {
        range: (_, oldest, newest) => [
          newest - Math.min(span / 1_000, Math.max(newest - oldest, LEAST_SECONDS)),
          newest,
        ],
      },
      y: {
        range: (_, __, most) => [0, atMost ?? (Math.max(atLeast, (most ?? 0) * 1.08) || 1)],
      },
    },
    axes: [
      {
        ...axis,
        space: 44,
        incrs: MINUTES,
        size: 26,
        values: (u, splits) => {
          const long = ((u.scales.x?.max ?? 0) - (u.scales.x?.min ?? 0)) * 1_000 > DAY * 1.5;
          return splits.map((s) => (long ? formatDay(s * 1_000, zone) : formatMinute(s * 1_000, zone)));
        },
      },
      {
        ...axis,
        size: 62,
        space: 34,
        ...(steps && { incrs: [...steps] }),
        values: (_, splits) => splits.map((n) => short(n, format)),
      },
    ],
    series: [
      {},
      ...looks.map((look) => ({
        label: look.label,
        stroke: color(look.color),
        width: 1.6,
        dash: look.dash === 'dashed' ? [6, 3] : look.dash === 'dotted' ? [2, 3] : undefined,
        fill: look.filled && `color-mix(in srgb, ${color(look.color)} 16%, transparent)`,
        points: { show: false, size: 4, filter: (u: UPlot, i: number) => alone(u.data[i] ?? []) },
        spanGaps: false,
      })),
    ],
  };
}
