import { Button } from '@mantine/core';
import { SQUAD_SORTS, type SquadSort } from '@/routes/squads-search';
import styles from './squads.module.css';

const WORDS: Readonly<Record<SquadSort, string>> = {
  queued: 'Most queued',
  running: 'Most in progress',
  scheduled: 'Most scheduled',
};

/** In which order the squads stand. Pressed again, a choice sorts by the counts of now. */
export function SquadOrder({
  sort,
  onSort,
}: {
  sort: SquadSort | undefined;
  onSort: (sort: SquadSort | undefined) => void;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would draw a frame around four buttons
    <div className={styles.order} role="group" aria-label="Order of the squads">
      {[undefined, ...SQUAD_SORTS].map((by) => (
        <Button
          key={by ?? 'name'}
          size="compact-sm"
          variant={by === sort ? 'filled' : 'default'}
          aria-pressed={by === sort}
          onClick={() => onSort(by)}
        >
          {by ? WORDS[by] : 'Name'}
        </Button>
      ))}
    </div>
  );
}
