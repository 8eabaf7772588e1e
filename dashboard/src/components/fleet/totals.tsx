import { TriangleAlert } from 'lucide-react';
import { formatCount } from '@/components/format';
import type { Soldier } from '@/services/soldiers';
import styles from './fleet.module.css';
import { versions } from './order';
import { SlotBar } from './slots';

/** The fleet in one line, and whether it is of one version. */
export function Totals({ soldiers }: { soldiers: Soldier[] }) {
  const live = soldiers.filter((s) => s.live);
  const slots = live.reduce((sum, s) => sum + s.slots, 0);
  const used = live.reduce((sum, s) => sum + s.running.length, 0);
  const draining = live.filter((s) => s.draining).length;
  const dead = soldiers.length - live.length;
  const all = versions(soldiers);
  return (
    <section className={`panel ${styles.totals}`} aria-label="Totals">
      <p>
        <span className="strong">
          {formatCount(live.length)} {live.length === 1 ? 'soldier' : 'soldiers'} live, {formatCount(used)} of{' '}
          {formatCount(slots)} slots in use
        </span>
        {draining > 0 && `, ${draining} draining`}
        {dead > 0 && <span className="dim">, {dead} died within the last hour</span>}
      </p>
      <SlotBar used={used} all={slots} />
      {all.length > 1 && (
        <p className={styles.version} data-other>
          <TriangleAlert size={15} aria-hidden="true" />
          {all.length} versions are live: {all.map(([version, n]) => `${version} (${n})`).join(', ')}
        </p>
      )}
    </section>
  );
}
