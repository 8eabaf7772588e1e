import { Button } from '@mantine/core';
import { Download } from 'lucide-react';
import { Fragment, useLayoutEffect, useRef, useState } from 'react';
import { CopyButton } from '@/components/copy-button';
import { formatBoth, formatClock, formatCount } from '@/components/format';
import { saveText } from '@/components/save-text';
import { useZone } from '@/hooks/use-zone';
import type { LogLine, Telemetry } from '@/services/telemetry';
import css from './mission-log.module.css';

const LEVELS: LogLine['level'][] = ['debug', 'info', 'warn', 'error'];

/** Nearer to its end than this and the box is at its end. */
const AT_END = 24;

/** So few lines need no box of a fixed height. */
const FEW = 8;

/** What the handler said, of all attempts. Follows the end until the reader scrolls up. */
export function MissionLog({ missionId, telemetry }: { missionId: string; telemetry: Telemetry }) {
  const [level, setLevel] = useState<LogLine['level']>('debug');
  const [text, setText] = useState('');
  const [wrap, setWrap] = useState(true);
  const [follow, setFollow] = useState(true);
  const box = useRef<HTMLElement>(null);
  const wanted = text.trim().toLowerCase();
  const shown = telemetry.lines.filter(
    (line) => LEVELS.indexOf(line.level) >= LEVELS.indexOf(level) && line.text.toLowerCase().includes(wanted),
  );
  const last = shown.at(-1)?.number;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new last line, or another layout, is when to scroll
  useLayoutEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [follow, last, wrap]);

  const onScroll = () => {
    const it = box.current;
    if (it) setFollow(it.scrollHeight - it.scrollTop - it.clientHeight < AT_END);
  };

  return (
    <>
      <search className={css.bar} aria-label="Log lines">
        <select
          aria-label="Least level"
          value={level}
          onChange={(event) => setLevel(event.currentTarget.value as LogLine['level'])}
        >
          <option value="debug">All levels</option>
          <option value="info">Info and above</option>
          <option value="warn">Warnings and errors</option>
          <option value="error">Errors</option>
        </select>
        <input
          type="search"
          aria-label="Text in the lines"
          placeholder="Text in the lines"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <label>
          <input
            type="checkbox"
            checked={follow}
            onChange={(event) => setFollow(event.currentTarget.checked)}
          />
          Follow
        </label>
        <label>
          <input type="checkbox" checked={wrap} onChange={(event) => setWrap(event.currentTarget.checked)} />
          Wrap
        </label>
        <div className={css.end}>
          <CopyButton size="compact-xs" text={() => textOf(shown)} aria-label="Copy log lines">
            Copy
          </CopyButton>
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<Download size={13} />}
            onClick={() => saveText(`mission-${missionId}.log`, 'text/plain', textOf(shown))}
            aria-label="Download log lines"
          >
            Download
          </Button>
        </div>
      </search>
      {telemetry.dropped > 0 && (
        <p className="dim">
          {formatCount(telemetry.dropped)} {telemetry.dropped === 1 ? 'line is' : 'lines are'} not kept: the
          commander keeps the newest 200.
        </p>
      )}
      <section
        ref={box}
        className={css.box}
        data-wrap={wrap || undefined}
        data-short={telemetry.lines.length <= FEW || undefined}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label="Lines of the log"
        onScroll={onScroll}
      >
        <ol className={css.lines}>
          {shown.map((line, i) => (
            <Fragment key={line.number}>
              <Between before={shown[i - 1]} line={line} whole={shown.length === telemetry.lines.length} />
              <Line line={line} />
            </Fragment>
          ))}
          {shown.length === 0 && <li className={css.gap}>No line fits the filter.</li>}
        </ol>
      </section>
    </>
  );
}

/** What stands between two lines: a new run, or lines that were lost on the way. */
function Between({ before, line, whole }: { before?: LogLine; line: LogLine; whole: boolean }) {
  const lost = whole && before ? line.number - before.number - 1 : 0;
  return (
    <>
      {lost > 0 && (
        <li className={css.gap}>
          … {lost} {lost === 1 ? 'line was' : 'lines were'} lost on the way
        </li>
      )}
      {line.run !== before?.run && (
        <li className={css.split}>
          Attempt {line.attempt}, run {line.run}
        </li>
      )}
    </>
  );
}

function Line({ line }: { line: LogLine }) {
  const zone = useZone();
  return (
    <li className={css.line} data-level={line.level}>
      <time className={css.at} dateTime={new Date(line.at).toISOString()} title={formatBoth(line.at)}>
        {formatClock(line.at, zone)}
      </time>
      <span className={css.level}>{line.level}</span>
      <span className={css.text}>
        {line.text}
        {line.cut && <span className="dim"> … cut</span>}
      </span>
    </li>
  );
}

const textOf = (lines: LogLine[]) =>
  lines
    .map(
      (line) =>
        `${new Date(line.at).toISOString()} ${line.attempt}/${line.run} ${line.level.padEnd(5)} ${line.text}${line.cut ? ' … cut' : ''}\n`,
    )
    .join('');
