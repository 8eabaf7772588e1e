import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Pause, Play, Trash2, Zap } from 'lucide-react';
import { useState } from 'react';
import { ActionButton } from '@/components/action-button';
import { ActionError } from '@/components/action-error';
import { ConfirmDialog } from '@/components/confirm-dialog';
import { useReadOnly } from '@/hooks/use-settings';
import { useLive } from '@/live/live-context';
import type { Mission } from '@/services/missions';
import {
  deleteSchedule,
  pauseSchedule,
  resumeSchedule,
  runSchedule,
  type Schedule,
  type Schedules,
  scheduleKeys,
} from '@/services/schedules';
import { learnSchedule } from './learn-schedule';
import styles from './schedules.module.css';

/** Run now, pause or resume, delete: with what came of it. */
export function ScheduleActions({
  schedule,
  onDeleted,
}: {
  schedule: Schedule;
  onDeleted?: () => Promise<void>;
}) {
  const { name } = schedule;
  const client = useQueryClient();
  const live = useLive();
  const readOnly = useReadOnly();
  const [ordered, setOrdered] = useState<Mission>();
  const [asking, { open, close }] = useDisclosure(false);
  const change = useMutation({
    mutationFn: () => (schedule.paused ? resumeSchedule(name) : pauseSchedule(name)),
    onSuccess: (after) => learnSchedule(client, after),
  });
  const run = useMutation({
    mutationFn: () => runSchedule(name),
    onSuccess: (mission) => {
      setOrdered(mission);
      live.learn(mission);
    },
  });
  const remove = useMutation({
    mutationFn: () => deleteSchedule(name),
    onSuccess: async () => {
      close();
      await onDeleted?.(); // before it is gone from what its page shows
      client.setQueryData<Schedules>(
        scheduleKeys.list,
        (before) => before && { ...before, schedules: before.schedules.filter((s) => s.name !== name) },
      );
    },
  });
  const ToggleIcon = schedule.paused ? Play : Pause;
  return (
    <>
      <ActionButton
        variant="default"
        size="compact-sm"
        leftSection={<Zap size={14} aria-hidden="true" />}
        unavailable={readOnly}
        loading={run.isPending}
        aria-label={`Run now: ${name}`}
        onClick={() => run.mutate()}
      >
        Run now
      </ActionButton>
      <ActionButton
        variant="default"
        size="compact-sm"
        leftSection={<ToggleIcon size={14} aria-hidden="true" />}
        unavailable={readOnly}
        loading={change.isPending}
        aria-label={`${schedule.paused ? 'Resume' : 'Pause'} ${name}`}
        onClick={() => change.mutate()}
      >
        {schedule.paused ? 'Resume' : 'Pause'}
      </ActionButton>
      <ActionButton
        variant="default"
        size="compact-sm"
        leftSection={<Trash2 size={14} aria-hidden="true" />}
        unavailable={readOnly}
        aria-label={`Delete ${name}`}
        onClick={() => {
          remove.reset();
          open();
        }}
      >
        Delete
      </ActionButton>
      <span role="status" className={styles.ordered}>
        {ordered && (
          <>
            Ordered:{' '}
            <Link to="/missions/$missionId" params={{ missionId: ordered.id }}>
              {ordered.name}
            </Link>
          </>
        )}
      </span>
      {run.isError && <ActionError error={run.error} />}
      {change.isError && <ActionError error={change.error} />}
      <ConfirmDialog
        opened={asking}
        onClose={close}
        title={`Delete ${name}?`}
        confirm="Delete it"
        danger
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
      >
        <p>
          It orders nothing more, and its runs and times are gone. The missions that it ordered stay as they
          are.
        </p>
      </ConfirmDialog>
    </>
  );
}
