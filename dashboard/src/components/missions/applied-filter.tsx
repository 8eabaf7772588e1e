import { X } from 'lucide-react';
import { STATUS_LOOKS } from '@/components/status-badge';
import type { BulkFilter } from '@/services/bulk';
import type { MissionFilter } from '@/services/missions';
import styles from './applied-filter.module.css';

const WORDS = { status: 'Status', kind: 'Kind', squad: 'Squad', label: 'Label', q: 'Name or id' } as const;
type Field = keyof typeof WORDS;

function parts(filter: MissionFilter | BulkFilter): { field: Field; name: string; value: string }[] {
  return (Object.keys(WORDS) as Field[]).flatMap((field) => {
    const value = filter[field];
    if (!value) return [];
    const words = field === 'status' && filter.status ? STATUS_LOOKS[filter.status].label : value;
    return [{ field, name: WORDS[field], value: words }];
  });
}

export const isEmptyFilter = (filter: MissionFilter): boolean => parts(filter).length === 0;

interface Props {
  filter: MissionFilter;
  onRemove: (field: Field) => void;
  onClear: () => void;
}

/** What the list is narrowed by, each part to be taken away. Nothing where it is not. */
export function AppliedFilter({ filter, onRemove, onClear }: Props) {
  const applied = parts(filter);
  if (applied.length === 0) return null;
  return (
    <ul className={styles.list} aria-label="Filters that are on">
      {applied.map(({ field, name, value }) => (
        <li key={field}>
          <button
            type="button"
            className={styles.part}
            aria-label={`Remove the filter ${name.toLowerCase()} ${value}`}
            onClick={() => onRemove(field)}
          >
            <span className="dim">{name}</span> <span className={styles.value}>{value}</span>
            <X size={13} aria-hidden="true" />
          </button>
        </li>
      ))}
      <li>
        <button type="button" className={styles.clear} onClick={onClear}>
          Clear all
        </button>
      </li>
    </ul>
  );
}

/** The filter in words, as in "status Failed, kind sync". */
export function FilterWords({ filter }: { filter: MissionFilter | BulkFilter }) {
  return parts(filter).map(({ field, name, value }, i) => (
    <span key={field}>
      {i > 0 && ', '}
      {name.toLowerCase()} <strong>{value}</strong>
    </span>
  ));
}
