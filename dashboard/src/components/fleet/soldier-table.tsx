import { Button } from '@mantine/core';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { useState } from 'react';
import { formatCount } from '@/components/format';
import type { Soldier } from '@/services/soldiers';
import styles from './fleet.module.css';
import type { FleetView, Sort } from './order';
import { SoldierRow } from './soldier-row';

/** So many rows are drawn at once; a fleet that is larger is asked for piece by piece. */
const STEP = 200;

const COLUMNS: { label: string; sort?: Sort; wide?: true }[] = [
  { label: 'Soldier', sort: 'name' },
  { label: 'State', sort: 'state' },
  { label: 'Slots', sort: 'slots', wide: true },
  { label: 'Running', wide: true },
  { label: 'Kinds', wide: true },
  { label: 'Version', sort: 'version', wide: true },
  { label: 'Up for', sort: 'uptime', wide: true },
  { label: 'Last seen', sort: 'seen', wide: true },
];

interface Props {
  soldiers: Soldier[];
  search: FleetView;
  /** What most of the fleet has. */
  version?: string;
  onSort: (sort: Sort, down: boolean) => void;
}

export function SoldierTable({ soldiers, search, version, onSort }: Props) {
  const [shown, setShown] = useState(STEP);
  const sorted = search.sort ?? 'state';
  return (
    <>
      <table className={`table ${styles.soldiers}`} aria-label="Soldiers">
        <thead>
          <tr>
            {COLUMNS.map(({ label, sort, wide }) => {
              const active = sort !== undefined && sort === sorted;
              const Arrow = search.down ? ArrowDown : ArrowUp;
              return (
                <th
                  key={label}
                  scope="col"
                  className={wide && 'wide'}
                  aria-sort={active ? (search.down ? 'descending' : 'ascending') : undefined}
                >
                  {sort ? (
                    <button
                      type="button"
                      className={styles.sort}
                      onClick={() => onSort(sort, active && !search.down)}
                    >
                      {label}
                      {active && <Arrow size={12} aria-hidden="true" />}
                    </button>
                  ) : (
                    label
                  )}
                </th>
              );
            })}
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {soldiers.slice(0, shown).map((soldier) => (
            <SoldierRow key={soldier.session || soldier.id} soldier={soldier} version={version} />
          ))}
        </tbody>
      </table>
      {soldiers.length > shown && (
        <div className="older">
          <Button variant="default" onClick={() => setShown(shown + STEP)}>
            {formatCount(Math.min(STEP, soldiers.length - shown))} more of {formatCount(soldiers.length)}
          </Button>
        </div>
      )}
    </>
  );
}
