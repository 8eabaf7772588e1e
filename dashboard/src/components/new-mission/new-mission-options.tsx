import { ActionIcon, Button, NativeSelect, TextInput } from '@mantine/core';
import { Plus, X } from 'lucide-react';
import { useState } from 'react';
import { Controller, type UseFormReturn, useFieldArray, useWatch } from 'react-hook-form';
import { useZone } from '@/hooks/use-zone';
import type { MissionForm } from './mission-form';
import css from './new-mission.module.css';
import { fromTimeField, toTimeField } from './time-input';

type Form = UseFormReturn<MissionForm>;

/** What most orders leave alone. Open while one of its fields is wrong, so that no fault is hidden. */
export function NewMissionOptions({ form }: { form: Form }) {
  const { errors } = form.formState;
  const [start, deadline, maxAttempts, ...others] = useWatch({
    control: form.control,
    name: ['start', 'deadline', 'maxAttempts', 'labels', 'concurrencyKey', 'uniqueKey', 'timeoutSeconds'],
  });
  const [labels, concurrencyKey, uniqueKey, timeout] = others;
  const set = [
    labels.length > 0 && 'labels',
    start !== 'now' && 'start',
    deadline !== 'none' && 'deadline',
    timeout !== '300' && 'timeout',
    maxAttempts !== '1' && 'attempts',
    concurrencyKey && 'concurrency key',
    uniqueKey && 'unique key',
  ].filter(Boolean);
  const wrong = Object.keys(errors).some(
    (name) => !['name', 'kind', 'squad', 'payload', 'priority'].includes(name),
  );
  const [open, setOpen] = useState(set.length > 0);
  return (
    <details
      className={css.options}
      open={open || wrong}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        Options{' '}
        <span className="dim">{set.length > 0 ? set.join(', ') : 'start, retries, labels, keys'}</span>
      </summary>
      <div className={css.inside}>
        <Labels form={form} />
        <div className={css.two}>
          <NativeSelect
            label="Start"
            data={[
              { value: 'now', label: 'At once' },
              { value: 'at', label: 'At a time' },
              { value: 'after', label: 'After a while' },
            ]}
            {...form.register('start')}
          />
          {start === 'at' && <Moment form={form} name="runAt" label="Start time" />}
          {start === 'after' && (
            <TextInput
              label="Start after"
              placeholder="15m"
              autoComplete="off"
              error={errors.delay?.message}
              {...form.register('delay')}
            />
          )}
        </div>
        <div className={css.two}>
          <NativeSelect
            label="Deadline"
            data={[
              { value: 'none', label: 'None' },
              { value: 'at', label: 'At a time' },
              { value: 'after', label: 'After a while' },
            ]}
            {...form.register('deadline')}
          />
          {deadline === 'at' && <Moment form={form} name="deadlineAt" label="Deadline time" />}
          {deadline === 'after' && (
            <TextInput
              label="Deadline after"
              placeholder="6h"
              autoComplete="off"
              error={errors.deadlineAfter?.message}
              {...form.register('deadlineAfter')}
            />
          )}
        </div>
        <div className={css.two}>
          <TextInput
            label="Timeout in seconds"
            description="How long one attempt may run: 1 to 86400"
            inputMode="numeric"
            error={errors.timeoutSeconds?.message}
            {...form.register('timeoutSeconds')}
          />
          <TextInput
            label="Attempts"
            description="How often it is tried until it succeeds: 1 to 100"
            inputMode="numeric"
            error={errors.maxAttempts?.message}
            {...form.register('maxAttempts', {
              deps: ['retryDelay', 'retryFactor', 'retryMaxDelay'],
            })}
          />
        </div>
        {Number(maxAttempts) > 1 && (
          <div className={css.two}>
            <TextInput
              label="First wait"
              description="Before the second attempt"
              autoComplete="off"
              error={errors.retryDelay?.message}
              {...form.register('retryDelay', { deps: ['retryMaxDelay'] })}
            />
            <TextInput
              label="Factor"
              description="So much longer each further time"
              inputMode="decimal"
              autoComplete="off"
              error={errors.retryFactor?.message}
              {...form.register('retryFactor')}
            />
            <TextInput
              label="Longest wait"
              autoComplete="off"
              error={errors.retryMaxDelay?.message}
              {...form.register('retryMaxDelay')}
            />
          </div>
        )}
        <div className={css.two}>
          <TextInput
            label="Concurrency key"
            description="Missions of one key run one at a time, or as its limit says"
            autoComplete="off"
            error={errors.concurrencyKey?.message}
            {...form.register('concurrencyKey')}
          />
          <TextInput
            label="Unique key"
            description="Refused while another mission that has not ended has it"
            autoComplete="off"
            error={errors.uniqueKey?.message}
            {...form.register('uniqueKey')}
          />
        </div>
      </div>
    </details>
  );
}

/** A date and a time on the clock that the whole app shows. */
function Moment({ form, name, label }: { form: Form; name: 'runAt' | 'deadlineAt'; label: string }) {
  const zone = useZone();
  return (
    <Controller
      control={form.control}
      name={name}
      render={({ field, fieldState }) => (
        <TextInput
          type="datetime-local"
          step={1}
          label={`${label} (${zone === 'utc' ? 'UTC' : 'local time'})`}
          error={fieldState.error?.message}
          ref={field.ref}
          name={field.name}
          onBlur={field.onBlur}
          value={toTimeField(field.value, zone)}
          onChange={(event) => field.onChange(fromTimeField(event.currentTarget.value, zone))}
        />
      )}
    />
  );
}

function Labels({ form }: { form: Form }) {
  const { fields, append, remove } = useFieldArray({ control: form.control, name: 'labels' });
  const errors = form.formState.errors.labels;
  return (
    <fieldset className={css.labels}>
      <legend>Labels</legend>
      {fields.map((field, i) => (
        <div key={field.id} className={css.label}>
          <TextInput
            aria-label={`Key of label ${i + 1}`}
            placeholder="team"
            autoComplete="off"
            error={errors?.[i]?.key?.message}
            {...form.register(`labels.${i}.key`)}
          />
          <TextInput
            aria-label={`Value of label ${i + 1}`}
            placeholder="blue"
            autoComplete="off"
            error={errors?.[i]?.value?.message}
            {...form.register(`labels.${i}.value`)}
          />
          <ActionIcon
            variant="default"
            size={36}
            aria-label={`Take label ${i + 1} away`}
            onClick={() => remove(i)}
          >
            <X size={16} />
          </ActionIcon>
        </div>
      ))}
      {(errors?.message ?? errors?.root?.message) && (
        <p className="error-text">{errors?.message ?? errors?.root?.message}</p>
      )}
      <div>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<Plus size={14} />}
          disabled={fields.length >= 20}
          onClick={() => append({ key: '', value: '' })}
        >
          Add a label
        </Button>
      </div>
    </fieldset>
  );
}
