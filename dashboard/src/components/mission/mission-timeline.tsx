import { Button } from '@mantine/core';
import { ShieldX } from 'lucide-react';
import { useState } from 'react';
import { formatBoth, formatClock, formatDuration } from '@/components/format';
import { Failure, Loading } from '@/components/states';
import { isStatus, StatusBadge } from '@/components/status-badge';
import { FullTime } from '@/components/times';
import { useHistory } from '@/hooks/use-queries';
import { useZone } from '@/hooks/use-zone';
import type { HistoryLine } from '@/services/history';
import type { Mission } from '@/services/missions';
import { MissionLanes } from './mission-lanes';
import css from './mission-timeline.module.css';

/** Later than this and the time of recording is shown too. */
const LATE = 1_000;

/** So many lines, the newest, are shown until more are asked for. */
const SHOWN = 10;

/** Every change of the mission: as a picture, and line by line with the time between them, refused updates too. */
export function MissionTimeline({ mission }: { mission: Mission }) {
  const history = useHistory(mission.id, mission.version);
  if (!history.data) {
    return history.isError ? (
      <Failure
        what="The timeline"
        error={history.error}
        onRetry={() => void history.refetch()}
        busy={history.isFetching}
      />
    ) : (
      <Loading label="Loading timeline" rows={3} />
    );
  }
  const { lines, dropped } = history.data;
  return (
    <>
      {lines.length === 0 && <p className="dim">Nothing is recorded yet.</p>}
      <MissionLanes mission={mission} history={history.data} />
      {dropped > 0 && (
        <p className="dim">{dropped} lines behind the first 20 were dropped to keep the history short.</p>
      )}
      <Lines lines={lines} />
      {history.isError && (
        <p className="error-text">Newer lines could not be read; the next change tries again.</p>
      )}
    </>
  );
}

function Lines({ lines }: { lines: HistoryLine[] }) {
  const [whole, setWhole] = useState(false);
  const hidden = whole || lines.length <= SHOWN + 2 ? 0 : lines.length - SHOWN;
  return (
    <div className={css.history}>
      {(hidden > 0 || whole) && (
        <Button
          size="compact-sm"
          variant="default"
          mb={12}
          aria-expanded={whole}
          onClick={() => setWhole(!whole)}
        >
          {whole
            ? `Show the newest ${SHOWN} lines`
            : `Show ${hidden} older ${hidden === 1 ? 'line' : 'lines'}`}
        </Button>
      )}
      <ol className={css.lines} aria-label="Timeline">
        {lines.slice(hidden).map((line, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the history only grows at its end
          <Line key={hidden + i} line={line} before={lines[hidden + i - 1]} />
        ))}
      </ol>
    </div>
  );
}

function Line({ line, before }: { line: HistoryLine; before?: HistoryLine }) {
  const zone = useZone();
  const late = line.recordedAt - line.madeAt;
  return (
    <li data-refused={line.refused || undefined}>
      <div className={css.head}>
        <time dateTime={new Date(line.madeAt).toISOString()} title={formatBoth(line.madeAt)} className="mono">
          {formatClock(line.madeAt, zone)}
        </time>
        <span className={css.elapsed}>{before ? `+${formatDuration(line.madeAt - before.madeAt)}` : ''}</span>
        {isStatus(line.status) && !line.refused ? (
          <StatusBadge status={line.status} past />
        ) : (
          <Refused line={line} />
        )}
      </div>
      <div className="sub">
        {line.run > 0 && (
          <span>
            attempt {line.attempt}, run {line.run}
          </span>
        )}
        {line.soldierId && <span className="mono wrap">{line.soldierId}</span>}
        {line.code && <code>{line.code}</code>}
        {line.message && <span className="wrap">{line.message}</span>}
      </div>
      {late > LATE && (
        <div className="sub">
          recorded {formatDuration(late)} later: <FullTime at={line.recordedAt} />
        </div>
      )}
    </li>
  );
}

function Refused({ line }: { line: HistoryLine }) {
  return (
    <span className="status" data-status={line.refused ? 'REFUSED' : 'NOTE'}>
      {line.refused && <ShieldX size={14} aria-hidden="true" />}
      {line.refused ? `Refused${line.status ? `: ${line.status}` : ''}` : line.status || 'Note'}
    </span>
  );
}
