import { zodResolver } from '@hookform/resolvers/zod';
import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useMemo } from 'react';
import { type UseFormReturn, useForm, useWatch } from 'react-hook-form';
import { ActionButton } from '@/components/action-button';
import { ActionError } from '@/components/action-error';
import { useSchedules, useSoldiers } from '@/hooks/use-queries';
import { useReadOnly } from '@/hooks/use-settings';
import { ApiError } from '@/services/api';
import { putSchedule, type Schedule } from '@/services/schedules';
import { learnSchedule } from './learn-schedule';
import {
  fieldOf,
  NEW,
  type ScheduleForm,
  scheduleForm,
  timeZones,
  toForm,
  toSchedule,
} from './schedule-form';
import styles from './schedules.module.css';
import { inWords, MISSED_WORDS, OVERLAP_WORDS } from './when';

interface Props {
  /** The one to change; undefined makes a new one. */
  schedule?: Schedule;
  onSaved: (schedule: Schedule) => void;
  onCancel: () => void;
}

/** Makes a schedule, or replaces one. */
export function ScheduleEditor({ schedule, onSaved, onCancel }: Props) {
  const client = useQueryClient();
  const readOnly = useReadOnly();
  const { data: known } = useSchedules();
  const form = useForm<ScheduleForm>({
    resolver: zodResolver(scheduleForm),
    defaultValues: schedule ? toForm(schedule) : NEW,
    mode: 'onChange',
  });
  const { errors } = form.formState;
  const save = useMutation({
    mutationFn: (values: ScheduleForm) => putSchedule(values.name, toSchedule(values)),
    onSuccess: (after) => {
      learnSchedule(client, after);
      onSaved(after);
    },
    onError: (error) => {
      for (const { field, message } of error instanceof ApiError ? error.fieldErrors : []) {
        const at = fieldOf(field);
        if (at) form.setError(at, { message: `${field}: ${message}` }, { shouldFocus: true });
      }
    },
  });
  const submit = form.handleSubmit((values) => {
    if (readOnly) return;
    if (!schedule && known?.schedules.some((s) => s.name === values.name)) {
      form.setError('name', {
        message: 'There is a schedule of this name. Edit that one, or choose another name',
      });
      form.setFocus('name');
      return;
    }
    save.mutate(values);
  });
  return (
    <form
      className="panel form"
      aria-label={schedule ? `Edit ${schedule.name}` : 'New schedule'}
      noValidate
      onSubmit={submit}
    >
      {!schedule && (
        <TextInput
          label="Name of the schedule"
          description="Lower-case letters, digits and . _ -"
          withAsterisk
          autoFocus
          autoComplete="off"
          spellCheck={false}
          error={errors.name?.message}
          {...form.register('name')}
        />
      )}
      <TimeFields form={form} zone={schedule?.timeZone} />
      <div className={styles.pair}>
        <NativeSelect
          label="Missed runs"
          description="That nobody could order in time"
          {...form.register('missed')}
        >
          {(['last', 'skip', 'all'] as const).map((missed) => (
            <option key={missed} value={missed}>
              {MISSED_WORDS[missed]}
            </option>
          ))}
        </NativeSelect>
        <NativeSelect
          label="Overlap"
          description="Where its last mission has not ended"
          {...form.register('overlap')}
        >
          {(['allow', 'skip'] as const).map((overlap) => (
            <option key={overlap} value={overlap}>
              {OVERLAP_WORDS[overlap]}
            </option>
          ))}
        </NativeSelect>
      </div>
      <MissionFields form={form} />
      {save.isError && <ActionError error={save.error} />}
      <div className="form-actions">
        <ActionButton type="submit" loading={save.isPending} unavailable={readOnly}>
          {schedule ? 'Save changes' : 'Create schedule'}
        </ActionButton>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

function TimeFields({ form, zone }: { form: UseFormReturn<ScheduleForm>; zone?: string }) {
  const { errors } = form.formState;
  const [by, cron] = useWatch({ control: form.control, name: ['by', 'cron'] });
  const zones = useMemo(() => timeZones(zone), [zone]);
  const words = by === 'cron' && !errors.cron ? inWords({ cron }) : undefined;
  return (
    <>
      <fieldset className={styles.radios}>
        <legend>When</legend>
        <label>
          <input type="radio" value="cron" {...form.register('by')} />
          by the clock (cron)
        </label>
        <label>
          <input type="radio" value="every" {...form.register('by')} />
          every so often
        </label>
      </fieldset>
      {by === 'cron' ? (
        <div className={styles.pair}>
          <TextInput
            label="Cron"
            description={words ?? 'Minute, hour, day, month, weekday: 30 2 * * 1-5'}
            classNames={{ input: 'mono' }}
            autoComplete="off"
            spellCheck={false}
            error={errors.cron?.message}
            {...form.register('cron')}
          />
          <NativeSelect
            label="Time zone"
            description="Of the clock that cron means"
            data={zones}
            error={errors.timeZone?.message}
            {...form.register('timeZone')}
          />
        </div>
      ) : (
        <div className={styles.pair}>
          <TextInput
            label="Every"
            description="Counted from 1970 in UTC: every 1 h is each full hour"
            inputMode="numeric"
            autoComplete="off"
            error={errors.every?.message}
            {...form.register('every')}
          />
          <NativeSelect label="Unit" description="A day is 24 hours" {...form.register('unit')}>
            <option value="s">seconds</option>
            <option value="min">minutes</option>
            <option value="h">hours</option>
            <option value="d">days</option>
          </NativeSelect>
        </div>
      )}
      <p className="dim">Its next times are shown once it is saved: the commander works them out.</p>
    </>
  );
}

function MissionFields({ form }: { form: UseFormReturn<ScheduleForm> }) {
  const { errors } = form.formState;
  const { data: soldiers } = useSoldiers();
  const kinds = useId();
  const kind = useWatch({ control: form.control, name: 'kind' });
  const served = [...new Set((soldiers ?? []).filter((s) => s.live).flatMap((s) => s.kinds))].sort();
  return (
    <>
      <div className={styles.pair}>
        <TextInput
          label="Name of the mission"
          description="Of each that it orders"
          withAsterisk
          autoComplete="off"
          error={errors.missionName?.message}
          {...form.register('missionName')}
        />
        <TextInput
          label="Kind"
          description="Which handler carries it out"
          list={kinds}
          autoComplete="off"
          spellCheck={false}
          error={errors.kind?.message}
          {...form.register('kind')}
        />
        <datalist id={kinds}>
          {served.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </div>
      {soldiers && !errors.kind && kind !== '' && !served.includes(kind) && (
        <p className="form-note">No soldier serves this kind now. Its missions would wait until one does.</p>
      )}
      <Textarea
        label="Payload"
        description="A JSON object, handed to the handler as it is"
        rows={5}
        spellCheck={false}
        classNames={{ input: 'mono' }}
        error={errors.payload?.message}
        {...form.register('payload')}
      />
      <Textarea
        label="All else about the mission"
        description='A JSON object of what POST /missions knows besides, as in {"priority": "high", "squad": "gpu", "max_attempts": 3, "timeout_seconds": 600}'
        rows={5}
        spellCheck={false}
        classNames={{ input: 'mono' }}
        error={errors.rest?.message}
        {...form.register('rest')}
      />
    </>
  );
}
