import { CloseButton, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { type HTMLAttributes, useId, useLayoutEffect, useRef, useState } from 'react';
import { formatCount } from '@/components/format';
import { STATUS_LOOKS } from '@/components/status-badge';
import { useSoldiers, useSquads, useStats } from '@/hooks/use-queries';
import { type MissionFilter, type MissionStatus, NAME_PATTERN, STATUSES } from '@/services/missions';
import { countAll } from '@/services/stats';
import styles from './mission-filters.module.css';

interface Props {
  filter: MissionFilter;
  onChange: (change: Partial<Record<keyof MissionFilter, string | undefined>>) => void;
}

const isName = (text: string) => NAME_PATTERN.test(text);
const isLabel = (text: string) => /^[^:]+:/.test(text) && text.length <= 321;
const NAME_RULE = 'Lower-case letters, digits and . _ - only';

/** Status chips with counts, and a field for each other filter. */
export function MissionFilters({ filter, onChange }: Props) {
  const { data: soldiers = [] } = useSoldiers();
  const { data: squads } = useSquads();
  const known = {
    kinds: names(soldiers.flatMap((soldier) => soldier.kinds)),
    squads: names([...(squads?.squads ?? []).map(({ name }) => name), ...soldiers.flatMap((s) => s.squads)]),
  };
  return (
    <search className={styles.filters} aria-label="Filter missions">
      <StatusChips
        active={filter.status}
        onPick={(status) => onChange({ status })}
        narrowed={!!(filter.kind || filter.squad || filter.label || filter.q)}
      />
      <div className={styles.fields}>
        <Field
          label="Name or id"
          placeholder="Name begins with, or whole id"
          value={filter.q}
          onApply={(q) => onChange({ q })}
          maxLength={200}
        />
        <Field
          label="Kind"
          placeholder="Kind"
          value={filter.kind}
          known={known.kinds}
          isRight={isName}
          rule={NAME_RULE}
          onApply={(kind) => onChange({ kind })}
        />
        <Field
          label="Squad"
          placeholder="Squad"
          value={filter.squad}
          known={known.squads}
          isRight={isName}
          rule={NAME_RULE}
          onApply={(squad) => onChange({ squad })}
        />
        <Field
          label="Label"
          placeholder="Label a:b"
          value={filter.label}
          isRight={isLabel}
          rule="KEY:VALUE, as in team:blue"
          onApply={(label) => onChange({ label })}
        />
      </div>
    </search>
  );
}

const names = (all: string[]) => [...new Set(all)].sort();

interface ChipsProps {
  active?: MissionStatus;
  onPick: (status: MissionStatus | undefined) => void;
  /** Another filter is on, which the counts don't know. */
  narrowed: boolean;
}

function StatusChips({ active, onPick, narrowed }: ChipsProps) {
  const { data: stats } = useStats();
  const box = useRef<HTMLFieldSetElement>(null);
  useLayoutEffect(() => {
    // On a narrow screen the chips are one line that scrolls: the one that is on must be on the screen.
    const pressed = box.current?.querySelector<HTMLElement>('[aria-pressed="true"]');
    if (box.current && pressed) box.current.scrollLeft = pressed.offsetLeft - box.current.offsetLeft - 48;
  }, []);
  const total = stats && countAll(stats);
  const hint = narrowed ? 'Counts are of all missions, whatever the other filters are' : undefined;
  return (
    <fieldset ref={box} className={styles.chips} title={hint}>
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
    <button
      type="button"
      className={styles.chip}
      aria-pressed={pressed}
      data-status={status}
      onClick={onClick}
    >
      {icon}
      {label} <span className={styles.count}>{count !== undefined && formatCount(count)}</span>
    </button>
  );
}

interface FieldProps {
  label: string;
  placeholder: string;
  value?: string;
  /** Suggestions. */
  known?: string[];
  isRight?: (text: string) => boolean;
  /** Said of a text that is not right. */
  rule?: string;
  maxLength?: number;
  onApply: (value: string | undefined) => void;
}

function Field({
  label,
  placeholder,
  value,
  known,
  isRight = () => true,
  rule,
  maxLength,
  onApply,
}: FieldProps) {
  const list = useId();
  const [typed, setTyped] = useState(value ?? '');
  const [shown, setShown] = useState(value);
  if (shown !== value) {
    // The address changed by other means (back, a link): the field follows it.
    setShown(value);
    if (typed.trim() !== (value ?? '')) setTyped(value ?? '');
  }
  const wrong = typed.trim() !== '' && !isRight(typed.trim());
  const apply = useDebouncedCallback((next: string) => {
    const text = next.trim();
    if (text === '' || isRight(text)) onApply(text || undefined);
  }, 250);
  const set = (next: string) => {
    setTyped(next);
    apply(next);
  };
  const suggest: HTMLAttributes<HTMLInputElement> & { list?: string } = known ? { list } : {};
  return (
    <div>
      <TextInput
        size="sm"
        aria-label={label}
        placeholder={placeholder}
        value={typed}
        onChange={(event) => set(event.currentTarget.value)}
        error={wrong && rule}
        maxLength={maxLength}
        autoComplete="off"
        spellCheck={false}
        rightSection={
          typed ? (
            <CloseButton size="sm" aria-label={`Clear ${label.toLowerCase()}`} onClick={() => set('')} />
          ) : undefined
        }
        {...suggest}
      />
      {known && (
        <datalist id={list}>
          {known.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
    </div>
  );
}
