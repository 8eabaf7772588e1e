import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { formatDuration } from '@/components/format';
import { Countdown, Duration, FullTime } from '@/components/times';
import { useLimit } from '@/hooks/use-limit';
import { isFinal, type Mission } from '@/services/missions';
import css from './mission-facts.module.css';

/** What is known of a mission beside its state, its error and its result. */
export function MissionFacts({ mission }: { mission: Mission }) {
  const labels = Object.entries(mission.labels);
  const ended = isFinal(mission.status);
  return (
    <dl className={`facts ${css.facts}`}>
      <Fact label="Kind">
        <Link to="/missions" search={{ kind: mission.kind }}>
          {mission.kind}
        </Link>
      </Fact>
      <Fact label="Squad">
        <Link to="/missions" search={{ squad: mission.squad }}>
          {mission.squad}
        </Link>
      </Fact>
      <Fact label="Priority">{mission.priority}</Fact>
      <Fact label="Attempt">
        {mission.attempt} of {mission.maxAttempts}
        {mission.run > 0 && <span className="dim"> · run {mission.run}</span>}
      </Fact>
      {mission.losses > 0 && (
        <Fact label="Lost with a soldier">
          {mission.losses === 1 ? 'once' : `${mission.losses} times`} <span className="dim">of 5</span>
        </Fact>
      )}
      <Fact label="Soldier">
        {mission.soldierId ? <span className="mono wrap">{mission.soldierId}</span> : '–'}
      </Fact>
      <Fact label="Timeout">{lengthOf(mission.timeoutSeconds)} an attempt</Fact>
      {mission.maxAttempts > 1 && (
        <Fact label="Retries">
          {waitOf(mission.retry.delaySeconds)}, then × {mission.retry.factor}, at most{' '}
          {lengthOf(mission.retry.maxDelaySeconds)}
        </Fact>
      )}
      {labels.length > 0 && (
        <Fact label="Labels">
          <span className={css.labels}>
            {labels.map(([key, value]) => (
              <Link
                key={key}
                className={css.label}
                to="/missions"
                search={{ label: `${key}:${value}` }}
                title="Missions with this label"
              >
                {key}: {value}
              </Link>
            ))}
          </span>
        </Fact>
      )}
      {mission.uniqueKey && (
        <Fact label="Unique key">
          <span className="mono wrap">{mission.uniqueKey}</span>
        </Fact>
      )}
      {mission.concurrencyKey && (
        <Fact label="Concurrency key">
          <span className="mono wrap">{mission.concurrencyKey}</span>
          <KeyLimit mission={mission} />
        </Fact>
      )}
      <Fact label="Created">
        <FullTime at={mission.createdAt} />
      </Fact>
      {mission.runAt !== undefined && mission.status === 'SCHEDULED' && (
        <Fact label="Runs at">
          <FullTime at={mission.runAt} />
        </Fact>
      )}
      {mission.startedAt !== undefined && (
        <Fact label="Started">
          <FullTime at={mission.startedAt} />
        </Fact>
      )}
      {mission.finishedAt !== undefined && (
        <Fact label="Finished">
          <FullTime at={mission.finishedAt} />
        </Fact>
      )}
      {mission.startedAt !== undefined && (ended || mission.status === 'IN_PROGRESS') && (
        <Fact label="Duration">
          <Duration from={mission.startedAt} to={mission.finishedAt} />
        </Fact>
      )}
      {mission.deadlineAt !== undefined && (
        <Fact label="Deadline">
          <FullTime at={mission.deadlineAt} />
          {!ended && (
            <>
              {' '}
              <Countdown to={mission.deadlineAt} over="passed" />
            </>
          )}
        </Fact>
      )}
      <Fact label="Last change">
        <FullTime at={mission.updatedAt} /> <span className="dim nowrap">version {mission.version}</span>
      </Fact>
    </dl>
  );
}

/** A length that somebody chose: whole seconds. */
const lengthOf = (seconds: number) => formatDuration(seconds * 1_000).replace('.0 s', ' s');

const waitOf = (seconds: number) => (seconds === 0 ? 'at once' : `after ${lengthOf(seconds)}`);

function KeyLimit({ mission }: { mission: Mission }) {
  const { data: limit } = useLimit(mission);
  if (!limit) return null;
  const rate = limit.rate && `, ${limit.rate.starts} starts in ${lengthOf(limit.rate.periodSeconds)}`;
  return (
    <div className="dim">
      {limit.admitted} of {limit.maxRunning} {limit.maxRunning === 1 ? 'place' : 'places'} taken,{' '}
      {limit.waiting} waiting
      {rate}
      {limit.isDefault && ' (no limit is set: one at a time)'}
    </div>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
