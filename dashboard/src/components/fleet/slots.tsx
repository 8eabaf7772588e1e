import styles from './fleet.module.css';

/** More than these are a bar: single slots could not be told apart. */
const CELLS = 16;

/** Slots in use of all, in numbers and as a small picture. */
export function Slots({ used, all }: { used: number; all: number }) {
  return (
    <span className={styles.slots}>
      <span>
        {used} / {all}
      </span>
      {all <= CELLS ? (
        <span className={styles.cells} aria-hidden="true">
          {Array.from({ length: all }, (_, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the nth slot is what it is
            <span key={i} data-used={i < used || undefined} />
          ))}
        </span>
      ) : (
        <SlotBar used={used} all={all} />
      )}
    </span>
  );
}

/** The picture alone: the numbers stand beside it. */
export function SlotBar({ used, all }: { used: number; all: number }) {
  return (
    <span className={styles.bar} aria-hidden="true">
      <span style={{ width: `${all > 0 ? Math.min(100, (100 * used) / all) : 0}%` }} />
    </span>
  );
}
