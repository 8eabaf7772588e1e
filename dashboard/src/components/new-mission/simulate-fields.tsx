import { TextInput } from '@mantine/core';
import css from './new-mission.module.css';

const FIELDS = [
  { name: 'min_seconds', label: 'Least seconds', help: '5 where left out', max: 86_400, step: 'any' },
  { name: 'max_seconds', label: 'Most seconds', help: '15 where left out', max: 86_400, step: 'any' },
  { name: 'failure_rate', label: 'Failure rate', help: '0 to 1; 0.1 where left out', max: 1, step: 'any' },
  { name: 'seed', label: 'Seed', help: 'A whole number; the same one, the same run', step: '1' },
] as const;

/** The fields that kind simulate knows, written into the payload. */
export function SimulateFields({
  payload,
  onChange,
}: {
  payload: string;
  onChange: (payload: string) => void;
}) {
  const value = asObject(payload);
  return (
    <fieldset className={css.simulate} disabled={value === undefined}>
      <legend>What simulate takes</legend>
      {FIELDS.map(({ name, label, help, step, ...bounds }) => (
        <TextInput
          key={name}
          label={label}
          description={help}
          type="number"
          min={name === 'seed' ? undefined : 0}
          {...bounds}
          step={step}
          value={typeof value?.[name] === 'number' ? String(value[name]) : ''}
          onChange={(event) => {
            const { [name]: _, ...others } = value ?? {};
            const typed = event.currentTarget.value;
            onChange(JSON.stringify(typed === '' ? others : { ...value, [name]: Number(typed) }, null, 2));
          }}
        />
      ))}
    </fieldset>
  );
}

function asObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
