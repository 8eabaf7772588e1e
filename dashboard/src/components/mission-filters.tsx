import { CloseButton, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useId, useState } from 'react';
import { useSoldiers, useStats } from '@/hooks/use-queries';
import { type MissionFilter, type MissionStatus, NAME_PATTERN, STATUSES } from '@/services/missions';
import { formatCount } from './format';
import { STATUS_LOOKS } from './status-badge';

interface Props {
  filter: MissionFilter;
  onChange: (change: Partial<Record<keyof MissionFilter, string | undefined>>) => void;
}

/** Status chips with counts, and the kind and squad fields. */
export function MissionFilters({ filter, onChange }: Props) {
  const { data: soldiers } = useSoldiers();
  const squads = [...new Set(['default', ...(soldiers ?? []).flatMap((s) => s.squads)])].sort();
  const kinds = [...new Set(['simulate', ...(soldiers ?? []).flatMap((s) => s.kinds)])].sort();
  return (
    <search className="filters" aria-label="Filter missions">
      <StatusChips
        active={filter.status}
        onPick={(status) => onChange({ status })}
        narrowed={!!(filter.kind || filter.squad)}
      />
      <div className="filter-fields">
        <NameFilter label="Kind" value={filter.kind} known={kinds} onApply={(kind) => onChange({ kind })} />
        <NameFilter
          label="Squad"
          value={filter.squad}
          known={squads}
          onApply={(squad) => onChange({ squad })}
        />
      </div>
    </search>
  );
}

interface ChipsProps {
  active?: MissionStatus;
  onPick: (status: MissionStatus | undefined) => void;
  /** Another filter is on, which the counts don't know. */
  narrowed: boolean;
}

function StatusChips({ active, onPick, narrowed }: ChipsProps) {
  const { data: stats } = useStats();
  const total = stats && STATUSES.reduce((sum, status) => sum + stats.counts[status], 0);
  const hint = narrowed ? 'Counts are of all kinds and squads' : undefined;
  return (
    <fieldset className="chips" title={hint}>
      <legend className="visually-hidden">Status{hint && `. ${hint}`}</legend>
      <StatusChip label="All" count={total} pressed={!active} onClick={() => onPick(undefined)} />
      {STATUSES.map((status) => {
        const { label, icon: Icon } = STATUS_LOOKS[status];
        return (
          <StatusChip
            key={status}
            status={status}
            icon={<Icon size={14} aria-hidden="true" />}
            label={label}
            count={stats?.counts[status]}
            pressed={active === status}
            onClick={() => onPick(active === status ? undefined : status)}
          />
        );
      })}
    </fieldset>
  );
}

interface ChipProps {
  label: string;
  count?: number;
  pressed: boolean;
  status?: MissionStatus;
  icon?: React.ReactNode;
  onClick: () => void;
}

function StatusChip({ label, count, pressed, status, icon, onClick }: ChipProps) {
  return (
    <button type="button" className="chip" aria-pressed={pressed} data-status={status} onClick={onClick}>
      {icon}
      {label} {count !== undefined && <span className="chip-count">{formatCount(count)}</span>}
    </button>
  );
}

interface NameProps {
  label: string;
  value?: string;
  known: string[];
  onApply: (value: string | undefined) => void;
}

function NameFilter({ label, value, known, onApply }: NameProps) {
  const list = useId();
  const [typed, setTyped] = useState(value ?? '');
  const [shown, setShown] = useState(value);
  if (shown !== value) {
    // The address changed by other means (back, a link): the field follows it.
    setShown(value);
    if (typed.trim() !== (value ?? '')) setTyped(value ?? '');
  }
  const wrong = typed.trim() !== '' && !NAME_PATTERN.test(typed.trim());
  const apply = useDebouncedCallback((next: string) => {
    const name = next.trim();
    if (name === '' || NAME_PATTERN.test(name)) onApply(name || undefined);
  }, 250);
  const set = (next: string) => {
    setTyped(next);
    apply(next);
  };
  return (
    <>
      <TextInput
        size="sm"
        aria-label={label}
        placeholder={`Any ${label.toLowerCase()}`}
        value={typed}
        onChange={(event) => set(event.currentTarget.value)}
        error={wrong && 'Lower-case letters, digits and . _ - only'}
        list={list}
        autoComplete="off"
        spellCheck={false}
        rightSection={
          typed ? (
            <CloseButton size="sm" aria-label={`Clear ${label.toLowerCase()}`} onClick={() => set('')} />
          ) : undefined
        }
      />
      <datalist id={list}>
        {known.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}
