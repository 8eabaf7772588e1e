import { zodResolver } from '@hookform/resolvers/zod';
import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { CircleAlert, CircleCheck, CopyPlus, Rocket } from 'lucide-react';
import { useDeferredValue, useEffect, useId, useMemo, useRef, useState } from 'react';
import { type UseFormReturn, useForm, useWatch } from 'react-hook-form';
import { ActionButton } from '@/components/action-button';
import { ButtonLink } from '@/components/button-link';
import { copyOf } from '@/components/mission/mission-copy';
import { CommandPanel } from '@/components/new-mission/command-panel';
import { JsonEditor } from '@/components/new-mission/json-editor';
import {
  dropDraft,
  fieldOf,
  fromOrder,
  keepDraft,
  type MissionForm,
  missionForm,
  newIdempotencyKey,
  readDraft,
  START,
  toNewMission,
} from '@/components/new-mission/mission-form';
import css from '@/components/new-mission/new-mission.module.css';
import { NewMissionOptions } from '@/components/new-mission/new-mission-options';
import { SimulateFields } from '@/components/new-mission/simulate-fields';
import { Banner } from '@/components/outage-banner';
import { PageHead } from '@/components/page-head';
import { Failure, Loading, NotFound } from '@/components/states';
import { useMission, useSoldiers, useSquads } from '@/hooks/use-queries';
import { useReadOnly } from '@/hooks/use-settings';
import { useLive } from '@/live/live-context';
import { ApiError } from '@/services/api';
import {
  createMission,
  type Mission,
  type MissionDetail,
  missionKeys,
  type NewMission,
} from '@/services/missions';
import { PAYLOAD_LIMIT, payloadSize } from '@/services/payload';

const route = getRouteApi('/missions/new');

export function NewMissionPage() {
  const { clone } = route.useSearch();
  return (
    <>
      <PageHead title="New mission" />
      {/* A key: what one address filled in does not stay under another. */}
      {clone ? <Clone key={clone} id={clone} /> : <Order key="new" initial={START} />}
    </>
  );
}

/** The form filled with the order of a mission that was. */
function Clone({ id }: { id: string }) {
  const query = useMission(id);
  const copy = useMemo(() => query.data && copyOf(query.data.mission), [query.data]);
  // The form begins once; what the mission does meanwhile is not its concern.
  const first = useRef(copy);
  first.current ??= copy;
  if (first.current) {
    return (
      <>
        <Banner tone="info" icon={<CopyPlus size={18} aria-hidden="true" />}>
          A copy of{' '}
          <Link to="/missions/$missionId" params={{ missionId: id }}>
            {first.current.order.name}
          </Link>
          .{first.current.left.length > 0 && ` Not copied: ${first.current.left.join(' ')}`}
        </Banner>
        <Order clone={id} initial={fromOrder(first.current.order)} />
      </>
    );
  }
  if (query.error instanceof ApiError && query.error.status === 404) {
    return (
      <NotFound
        title="There is no mission to clone"
        action={
          <ButtonLink to="/missions/new" search={{}}>
            An empty form
          </ButtonLink>
        }
      >
        No mission has the id <span className="mono wrap">{id}</span>. One that has ended is removed after
        some days.
      </NotFound>
    );
  }
  return query.isError ? (
    <Failure
      what="The mission to clone"
      error={query.error}
      onRetry={() => void query.refetch()}
      busy={query.isFetching}
    />
  ) : (
    <Loading label="Loading the mission to clone" rows={6} />
  );
}

function Order({ clone, initial }: { clone?: string; initial: MissionForm }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const live = useLive();
  const readOnly = useReadOnly();
  const [another, setAnother] = useState(false);
  const [created, setCreated] = useState<Mission>();
  const [draft] = useState(() => readDraft(clone));
  // A key for each order that was tried: a second try after a lost answer makes no second mission.
  const keys = useRef(new Map<string, string>());
  const form = useForm<MissionForm>({
    resolver: zodResolver(missionForm),
    defaultValues: draft ?? initial,
    mode: 'onChange',
  });
  const order = useOrder(form, clone);

  const create = useMutation({
    mutationFn: ({ values, unkeyed }: { values: MissionForm; unkeyed?: true }) => {
      const wanted = toNewMission(values);
      if (unkeyed) return createMission(wanted, undefined);
      const text = JSON.stringify(wanted);
      const key = keys.current.get(text) ?? newIdempotencyKey();
      keys.current.set(text, key);
      return createMission(wanted, key);
    },
    onSuccess: (mission) => {
      keys.current.clear();
      // Kept by RabbitMQ it can't be read yet: it counts as read from memory, and is read anew when Redis is back.
      const detail: MissionDetail = { mission, degraded: mission.keptByBroker ?? false };
      client.setQueryData(missionKeys.detail(mission.id), detail);
      live.learn(mission);
      if (another) {
        setCreated(mission);
        form.setFocus('name', { shouldSelect: true });
      } else {
        dropDraft();
        void navigate({ to: '/missions/$missionId', params: { missionId: mission.id } });
      }
    },
    onError: (error) => {
      setCreated(undefined);
      if (!(error instanceof ApiError)) return;
      if (error.code === 'unique_key_taken')
        form.setError('uniqueKey', { message: 'Another mission has it' });
      for (const { field, message } of error.fieldErrors) {
        const known = fieldOf(field);
        if (known) {
          const text = field.includes('.') && !field.startsWith('retry.') ? `${field}: ${message}` : message;
          form.setError(known, { message: text }, { shouldFocus: true });
        }
      }
    },
  });
  // A submit button says the reason; Enter in a field comes here without it.
  const submit = form.handleSubmit((values) => {
    if (!readOnly) create.mutate({ values });
  });
  const startAnew = () => {
    dropDraft();
    create.reset();
    setCreated(undefined);
    form.reset(initial);
  };

  return (
    <>
      {created && (
        <Banner tone="info" icon={<CircleCheck size={18} aria-hidden="true" />}>
          Ordered:{' '}
          <Link to="/missions/$missionId" params={{ missionId: created.id }}>
            {created.name}
          </Link>
          {created.keptByBroker
            ? '. RabbitMQ keeps it until Redis is back.'
            : created.status === 'SCHEDULED'
              ? ' is scheduled.'
              : ' is queued.'}
        </Banner>
      )}
      {create.isError && (
        <Refusal
          error={create.error}
          unkeyed={create.variables?.unkeyed ?? false}
          onUnkeyed={form.handleSubmit((values) => create.mutate({ values, unkeyed: true }))}
        />
      )}
      <div className={css.page}>
        <form className="panel form" aria-label="New mission" noValidate onSubmit={submit}>
          <Fields form={form} />
          <NewMissionOptions form={form} />
          <Checkbox
            label="Stay here and create another"
            checked={another}
            onChange={(event) => setAnother(event.currentTarget.checked)}
          />
          <div className="form-actions">
            <ActionButton
              type="submit"
              leftSection={<Rocket size={16} />}
              loading={create.isPending}
              unavailable={readOnly}
            >
              Create mission
            </ActionButton>
            <ButtonLink to="/missions" variant="default">
              Back to missions
            </ButtonLink>
            {form.formState.isDirty || draft ? (
              <Button variant="subtle" onClick={startAnew}>
                Start anew
              </Button>
            ) : null}
          </div>
        </form>
        <CommandPanel order={order} />
      </div>
    </>
  );
}

/** The order as the form has it, where it is right; and the draft is kept as it is typed. */
function useOrder(form: UseFormReturn<MissionForm>, clone: string | undefined): NewMission | undefined {
  const values = useDeferredValue(useWatch({ control: form.control }));
  const { isDirty } = form.formState;
  useEffect(() => {
    if (isDirty) keepDraft(clone, values as MissionForm);
  }, [values, isDirty, clone]);
  return useMemo(() => {
    const parsed = missionForm.safeParse(values);
    return parsed.success ? toNewMission(parsed.data) : undefined;
  }, [values]);
}

function Fields({ form }: { form: UseFormReturn<MissionForm> }) {
  const kinds = useId();
  const squadNames = useId();
  const { data: soldiers } = useSoldiers();
  const { data: squads } = useSquads();
  const { errors } = form.formState;
  const [kind, squad, payload] = useWatch({ control: form.control, name: ['kind', 'squad', 'payload'] });
  const alive = (soldiers ?? []).filter((s) => s.live);
  const served = [...new Set(alive.flatMap((s) => s.kinds))].sort();
  const known = [...new Set(['default', ...(squads?.squads ?? []).map((s) => s.name)])].sort();
  const ofSquad = alive.filter((s) => s.squads.includes(squad));
  const paused = squads?.squads.some((s) => s.name === squad && s.paused);
  const size = useMemo(() => payloadSize(payload), [payload]);

  const formatPayload = () => {
    const text = form.getValues('payload');
    if (payloadSize(text) !== undefined) {
      form.setValue('payload', JSON.stringify(JSON.parse(text), null, 2), {
        shouldValidate: true,
        shouldDirty: true,
      });
    }
  };

  return (
    <>
      <TextInput
        label="Name"
        description="What people will look for: 1 to 200 characters"
        withAsterisk
        autoFocus
        autoComplete="off"
        error={errors.name?.message}
        {...form.register('name')}
      />
      <div className={css.two}>
        <TextInput
          label="Kind"
          description="Which handler carries it out"
          list={kinds}
          spellCheck={false}
          autoComplete="off"
          error={errors.kind?.message}
          {...form.register('kind')}
        />
        <TextInput
          label="Squad"
          description="Whose soldiers carry it out"
          list={squadNames}
          spellCheck={false}
          autoComplete="off"
          error={errors.squad?.message}
          {...form.register('squad')}
        />
      </div>
      <Options id={kinds} names={served} />
      <Options id={squadNames} names={known} />
      {soldiers && !errors.kind && !errors.squad && (
        <Unserved
          kindServed={kind === '' || served.includes(kind)}
          squadServed={squad === '' || ofSquad.length > 0}
          bothServed={ofSquad.some((s) => s.kinds.includes(kind))}
          squad={squad}
          kind={kind}
        />
      )}
      {paused && (
        <p className="form-note">The squad {squad} is paused. The mission would wait until it is resumed.</p>
      )}
      <NativeSelect
        label="Priority"
        data={[
          { value: 'high', label: 'High: goes before others' },
          { value: 'normal', label: 'Normal' },
          { value: 'low', label: 'Low: goes after others' },
        ]}
        {...form.register('priority')}
      />
      {kind === 'simulate' && (
        <SimulateFields
          payload={payload}
          onChange={(text) => form.setValue('payload', text, { shouldValidate: true, shouldDirty: true })}
        />
      )}
      <JsonEditor
        label="Payload"
        description={
          kind === 'simulate'
            ? 'A JSON object. simulate knows min_seconds, max_seconds, failure_rate and seed'
            : 'A JSON object, handed to the handler as it is'
        }
        text={payload}
        error={errors.payload?.message}
        size={size}
        limit={PAYLOAD_LIMIT}
        onFormat={formatPayload}
        {...form.register('payload')}
      />
    </>
  );
}

function Options({ id, names }: { id: string; names: string[] }) {
  return (
    <datalist id={id}>
      {names.map((name) => (
        <option key={name} value={name} />
      ))}
    </datalist>
  );
}

/** Nobody would carry it out as things are: that is allowed, and should be known. */
function Unserved({
  kindServed,
  squadServed,
  bothServed,
  squad,
  kind,
}: {
  kindServed: boolean;
  squadServed: boolean;
  bothServed: boolean;
  squad: string;
  kind: string;
}) {
  const why = !kindServed
    ? 'No soldier serves this kind now.'
    : !squadServed
      ? `No soldier serves the squad ${squad} now.`
      : !bothServed && kind !== '' && squad !== ''
        ? `No soldier of the squad ${squad} serves this kind now.`
        : undefined;
  if (!why) return null;
  return <p className="form-note">{why} The mission would wait as queued until one does.</p>;
}

function Refusal({ error, unkeyed, onUnkeyed }: { error: unknown; unkeyed: boolean; onUnkeyed: () => void }) {
  const api = error instanceof ApiError ? error : undefined;
  const elsewhere = api?.fieldErrors.filter(({ field }) => !fieldOf(field)) ?? [];
  return (
    <Banner tone="down" icon={<CircleAlert size={18} aria-hidden="true" />}>
      <strong>The mission was not created.</strong>{' '}
      {api?.message ?? 'Something unexpected happened in this page.'}
      {elsewhere.map(({ field, message }) => ` ${field}: ${message}.`)}
      {api?.missionId && (
        <>
          {' '}
          <Link to="/missions/$missionId" params={{ missionId: api.missionId }}>
            The mission that has the key
          </Link>
        </>
      )}
      {api?.mayPass &&
        (unkeyed
          ? ' It may have been taken all the same: look at the missions before you order it again.'
          : ' Your input is kept; try again in a moment. No second mission will be made.')}
      {api?.code === 'store_unavailable' && (
        <span className={`${css.bar} ${css.keep}`}>
          <Button size="compact-sm" variant="default" onClick={onUnkeyed}>
            Let RabbitMQ keep it
          </Button>{' '}
          Then it is created once Redis is back. Nothing guards it against being ordered twice.
        </span>
      )}
    </Banner>
  );
}
