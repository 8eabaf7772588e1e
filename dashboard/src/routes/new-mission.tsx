import { zodResolver } from '@hookform/resolvers/zod';
import { Button, Checkbox, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { CircleAlert, CircleCheck, Rocket } from 'lucide-react';
import { useId, useRef, useState } from 'react';
import { useForm, useWatch } from 'react-hook-form';
import { ButtonLink } from '@/components/button-link';
import { Banner } from '@/components/outage-banner';
import { PageHead } from '@/components/page-head';
import { useSoldiers } from '@/hooks/use-queries';
import { useLive } from '@/live/live-context';
import { ApiError } from '@/services/api';
import { createMission, type Mission, type MissionDetail, missionKeys } from '@/services/missions';
import { type MissionForm, missionForm, newIdempotencyKey, toNewMission } from './new-mission-form';

const START: MissionForm = { name: '', kind: 'simulate', payload: '{}', timeoutSeconds: '300' };
const FIELDS: Record<string, keyof MissionForm> = {
  name: 'name',
  kind: 'kind',
  payload: 'payload',
  timeout_seconds: 'timeoutSeconds',
};

export function NewMissionPage() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const live = useLive();
  const kinds = useId();
  const { data: soldiers } = useSoldiers();
  const [another, setAnother] = useState(false);
  const [created, setCreated] = useState<Mission>();
  // One key for one filled-in form: a second try after a lost answer makes no second mission.
  const attempt = useRef({ order: '', key: '' });

  const form = useForm<MissionForm>({
    resolver: zodResolver(missionForm),
    defaultValues: START,
    mode: 'onChange',
  });
  const { errors } = form.formState;
  const kind = useWatch({ control: form.control, name: 'kind' });
  const served = [...new Set((soldiers ?? []).filter((s) => s.live).flatMap((s) => s.kinds))].sort();

  const create = useMutation({
    mutationFn: (values: MissionForm) => {
      const order = JSON.stringify(values);
      if (attempt.current.order !== order) attempt.current = { order, key: newIdempotencyKey() };
      return createMission(toNewMission(values), attempt.current.key);
    },
    onSuccess: (mission) => {
      attempt.current = { order: '', key: '' };
      client.setQueryData<MissionDetail>(missionKeys.detail(mission.id), { mission, degraded: false });
      live.learn(mission);
      if (another) {
        setCreated(mission);
        form.setFocus('name', { shouldSelect: true });
      } else {
        void navigate({ to: '/missions/$missionId', params: { missionId: mission.id } });
      }
    },
    onError: (error) => {
      setCreated(undefined);
      for (const { field, message } of error instanceof ApiError ? error.fieldErrors : []) {
        const known = FIELDS[field.split(/[.[]/)[0] ?? ''];
        if (known)
          form.setError(
            known,
            { message: field.includes('.') ? `${field}: ${message}` : message },
            { shouldFocus: true },
          );
      }
    },
  });

  const formatPayload = () => {
    const result = missionForm.shape.payload.safeParse(form.getValues('payload'));
    if (result.success)
      form.setValue('payload', JSON.stringify(JSON.parse(result.data), null, 2), { shouldValidate: true });
  };

  return (
    <>
      <PageHead title="New mission" />
      {created && (
        <Banner tone="info" icon={<CircleCheck size={18} aria-hidden="true" />}>
          Ordered:{' '}
          <Link to="/missions/$missionId" params={{ missionId: created.id }}>
            {created.name}
          </Link>{' '}
          is queued.
        </Banner>
      )}
      {create.isError && <Refusal error={create.error} />}
      <form
        className="panel form"
        aria-label="New mission"
        noValidate
        onSubmit={form.handleSubmit((values) => create.mutate(values))}
      >
        <TextInput
          label="Name"
          description="What people will look for: 1 to 200 characters"
          withAsterisk
          autoFocus
          autoComplete="off"
          error={errors.name?.message}
          {...form.register('name')}
        />
        <TextInput
          label="Kind"
          description="Which handler carries it out"
          list={kinds}
          spellCheck={false}
          autoComplete="off"
          error={errors.kind?.message}
          {...form.register('kind')}
        />
        <datalist id={kinds}>
          {served.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        {soldiers && !errors.kind && kind !== '' && !served.includes(kind) && (
          <p className="form-note">
            No soldier serves this kind now. The mission would wait as queued until one does.
          </p>
        )}
        <div>
          <Textarea
            label="Payload"
            description={
              kind === 'simulate'
                ? 'A JSON object. simulate knows min_seconds, max_seconds, failure_rate and seed'
                : 'A JSON object, handed to the handler as it is'
            }
            rows={8}
            spellCheck={false}
            classNames={{ input: 'mono' }}
            error={errors.payload?.message}
            {...form.register('payload')}
          />
          <div className="form-aside">
            <Button size="compact-xs" variant="default" onClick={formatPayload} disabled={!!errors.payload}>
              Format JSON
            </Button>
          </div>
        </div>
        <TextInput
          label="Timeout in seconds"
          description="How long one attempt may run: 1 to 86400"
          inputMode="numeric"
          error={errors.timeoutSeconds?.message}
          {...form.register('timeoutSeconds')}
        />
        <Checkbox
          label="Stay here and create another"
          checked={another}
          onChange={(event) => setAnother(event.currentTarget.checked)}
        />
        <div className="form-actions">
          <Button type="submit" leftSection={<Rocket size={16} />} loading={create.isPending}>
            Create mission
          </Button>
          <ButtonLink to="/missions" variant="default">
            Back to missions
          </ButtonLink>
        </div>
      </form>
    </>
  );
}

function Refusal({ error }: { error: unknown }) {
  const api = error instanceof ApiError ? error : undefined;
  const elsewhere = api?.fieldErrors.filter(({ field }) => !FIELDS[field.split(/[.[]/)[0] ?? '']) ?? [];
  return (
    <Banner tone="down" icon={<CircleAlert size={18} aria-hidden="true" />}>
      <strong>The mission was not created.</strong>{' '}
      {api?.message ?? 'Something unexpected happened in this page.'}
      {elsewhere.map(({ field, message }) => ` ${field}: ${message}.`)}
      {api?.mayPass && ' Your input is kept; try again in a moment. No second mission will be made.'}
    </Banner>
  );
}
