import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Ban, CopyPlus, List, RotateCw, Trash2 } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { ActionButton } from '@/components/action-button';
import { AskFirst } from '@/components/ask-first';
import { ButtonLink } from '@/components/button-link';
import { asCurl, asMissionctl } from '@/components/commands';
import { CopyButton } from '@/components/copy-button';
import { STATUS_LOOKS } from '@/components/status-badge';
import { useNow } from '@/hooks/use-now';
import { useReadOnly } from '@/hooks/use-settings';
import { useShortcuts } from '@/hooks/use-shortcuts';
import { useLive } from '@/live/live-context';
import { ApiError } from '@/services/api';
import {
  cancelMission,
  isFinal,
  type Mission,
  missionKeys,
  purgeMission,
  retryMission,
} from '@/services/missions';
import { isInexact } from '@/services/payload';
import { address } from '@/settings';
import css from './mission-actions.module.css';
import { copyOf } from './mission-copy';

const word = (mission: Mission) => STATUS_LOOKS[mission.status].label.toLowerCase();

/** Why an action can't be done to the mission as it is, or undefined where it can. */
export const REASONS = {
  cancel: (mission: Mission) => {
    if (isFinal(mission.status)) return `It has ended: it is ${word(mission)}.`;
    if (mission.keptByBroker) return 'RabbitMQ keeps it until Redis is back. It can be cancelled then.';
    return mission.cancelRequested ? 'A cancel was asked for; its soldier is told to stop.' : undefined;
  },
  retry: (mission: Mission, now: number) => {
    if (mission.status === 'COMPLETED') return 'It is completed. To do the same again, clone it.';
    if (!isFinal(mission.status)) return `It has not ended: it is ${word(mission)}.`;
    return mission.deadlineAt !== undefined && mission.deadlineAt <= now
      ? 'Its deadline has passed. To do the same again, clone it.'
      : undefined;
  },
  remove: (mission: Mission) =>
    isFinal(mission.status) ? undefined : 'Only a mission that has ended can be removed. Cancel it first.',
  clone: (mission: Mission) => {
    if (mission.payload === undefined) return "Its payload can't be read now: Redis is away.";
    return isInexact(mission.payload)
      ? "Its payload has a number that a browser can't repeat exactly: use missionctl."
      : undefined;
  },
};

type Asked = 'cancel' | 'retry' | 'remove';

/** What can be done to a mission. What its state does not allow is there all the same, with the reason. */
export function MissionActions({ mission, onRemoved }: { mission: Mission; onRemoved: () => void }) {
  const [asked, setAsked] = useState<Asked>();
  const now = useNow();
  const readOnly = useReadOnly();
  const navigate = useNavigate();
  const buttons = {
    cancel: useRef<HTMLButtonElement>(null),
    retry: useRef<HTMLButtonElement>(null),
    clone: useRef<HTMLButtonElement>(null),
    copyId: useRef<HTMLButtonElement>(null),
  };
  useActionKeys(buttons);
  const clone = () => void navigate({ to: '/missions/new', search: { clone: mission.id } });
  const order = () => copyOf(mission).order;
  const ordersUrl = () => new URL(address('api/missions'), window.location.href).href;
  return (
    <div className={css.actions}>
      <ActionButton
        ref={buttons.cancel}
        variant="default"
        leftSection={<Ban size={16} />}
        unavailable={readOnly ?? REASONS.cancel(mission)}
        onClick={() => setAsked('cancel')}
      >
        Cancel mission
      </ActionButton>
      <ActionButton
        ref={buttons.retry}
        variant="default"
        leftSection={<RotateCw size={16} />}
        unavailable={readOnly ?? REASONS.retry(mission, now)}
        onClick={() => setAsked('retry')}
      >
        Retry
      </ActionButton>
      <ActionButton
        ref={buttons.clone}
        variant="default"
        leftSection={<CopyPlus size={16} />}
        unavailable={readOnly ?? REASONS.clone(mission)}
        onClick={clone}
      >
        Clone
      </ActionButton>
      <ActionButton
        variant="default"
        leftSection={<Trash2 size={16} />}
        unavailable={readOnly ?? REASONS.remove(mission)}
        onClick={() => setAsked('remove')}
      >
        Remove
      </ActionButton>
      <div className={css.quiet}>
        <CopyButton ref={buttons.copyId} text={() => mission.id}>
          Copy id
        </CopyButton>
        <CopyButton unavailable={REASONS.clone(mission)} text={() => asCurl(ordersUrl(), order())}>
          Copy as curl
        </CopyButton>
        <CopyButton unavailable={REASONS.clone(mission)} text={() => asMissionctl(order())}>
          Copy as missionctl
        </CopyButton>
        <ButtonLink
          to="/missions"
          search={{ q: mission.id }}
          size="compact-sm"
          variant="default"
          leftSection={<List size={14} />}
        >
          Open in list
        </ButtonLink>
      </div>
      <Questions mission={mission} asked={asked} onClose={() => setAsked(undefined)} onRemoved={onRemoved} />
    </div>
  );
}

type Buttons = Record<'cancel' | 'retry' | 'clone' | 'copyId', { current: HTMLButtonElement | null }>;

/** A key presses its button; where that can't be used, the focus shows why. */
function useActionKeys(buttons: Buttons) {
  const { cancel, retry, clone, copyId } = buttons;
  const shortcuts = useMemo(() => {
    const press = (button: Buttons['cancel']) => () => {
      button.current?.focus();
      button.current?.click();
    };
    return [
      { keys: 'c', label: 'Cancel this mission', run: press(cancel) },
      { keys: 'r', label: 'Retry this mission', run: press(retry) },
      { keys: 'e', label: 'Clone this mission', run: press(clone) },
      { keys: 'y', label: "Copy this mission's id", run: press(copyId) },
    ];
  }, [cancel, retry, clone, copyId]);
  useShortcuts(shortcuts);
}

function Questions({
  mission,
  asked,
  onClose,
  onRemoved,
}: {
  mission: Mission;
  asked: Asked | undefined;
  onClose: () => void;
  onRemoved: () => void;
}) {
  const client = useQueryClient();
  const live = useLive();
  const now = useNow();
  const onError = (error: Error) => {
    // It ended or went meanwhile: the page should show how.
    if (error instanceof ApiError && (error.status === 409 || error.status === 404)) {
      void client.invalidateQueries({ queryKey: missionKeys.detail(mission.id) });
    }
  };
  const learn = (after: Mission) => {
    live.learn(after);
    onClose();
  };
  const cancel = useMutation({ mutationFn: () => cancelMission(mission.id), onSuccess: learn, onError });
  const retry = useMutation({ mutationFn: () => retryMission(mission.id), onSuccess: learn, onError });
  const remove = useMutation({
    mutationFn: () => purgeMission(mission.id),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: missionKeys.lists }); // no event tells of it
      onClose();
      onRemoved();
    },
    onError,
  });
  const close = () => {
    for (const mutation of [cancel, retry, remove]) mutation.reset();
    onClose();
  };
  const common = { no: 'Keep it', onClose: close };
  return (
    <>
      <AskFirst
        {...common}
        opened={asked === 'cancel'}
        title="Cancel this mission?"
        yes="Yes, cancel it"
        danger
        impossible={REASONS.cancel(mission) !== undefined}
        error={cancel.error}
        busy={cancel.isPending}
        onYes={() => cancel.mutate()}
      >
        <p>
          {isFinal(mission.status)
            ? `It ended meanwhile: it is ${word(mission)}.`
            : mission.status === 'IN_PROGRESS'
              ? 'A soldier is carrying it out and will be told to stop. If it completes first, it stays completed.'
              : 'It is not under way and will not be carried out.'}
        </p>
      </AskFirst>
      <AskFirst
        {...common}
        no="Leave it"
        opened={asked === 'retry'}
        title="Retry this mission?"
        yes={`Yes, make attempt ${mission.attempt + 1}`}
        impossible={REASONS.retry(mission, now) !== undefined}
        error={retry.error}
        busy={retry.isPending}
        onYes={() => retry.mutate()}
      >
        <p>
          It is queued again at once, as attempt {mission.attempt + 1}, with the same payload. What its
          handler did before is not undone.
        </p>
      </AskFirst>
      <AskFirst
        {...common}
        opened={asked === 'remove'}
        title="Remove this mission?"
        yes="Yes, remove it"
        danger
        impossible={REASONS.remove(mission) !== undefined}
        error={remove.error}
        busy={remove.isPending}
        onYes={() => remove.mutate()}
      >
        <p>It goes for good, with its payload, result, log and history. This can't be undone.</p>
      </AskFirst>
    </>
  );
}
