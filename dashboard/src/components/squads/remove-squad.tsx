import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Trash2 } from 'lucide-react';
import { ActionButton } from '@/components/action-button';
import { ConfirmDialog } from '@/components/confirm-dialog';
import { formatCount } from '@/components/format';
import { useReadOnly } from '@/hooks/use-settings';
import { removeSquad, type Squad, type Squads, squadsKey } from '@/services/squads';

/** Removes a squad that nobody needs; says why where it can't be, as far as is known before. */
export function RemoveSquad({ squad }: { squad: Squad }) {
  const [asking, { open, close }] = useDisclosure(false);
  const client = useQueryClient();
  const readOnly = useReadOnly();
  const remove = useMutation({
    mutationFn: () => removeSquad(squad.name),
    onSuccess: () => {
      close();
      client.setQueryData<Squads>(
        squadsKey,
        (before) => before && { ...before, squads: before.squads.filter((s) => s.name !== squad.name) },
      );
    },
  });
  return (
    <>
      <ActionButton
        variant="default"
        size="compact-sm"
        leftSection={<Trash2 size={14} aria-hidden="true" />}
        unavailable={readOnly ?? whyNot(squad)}
        aria-label={`Remove ${squad.name}`}
        onClick={() => {
          remove.reset();
          open();
        }}
      >
        Remove
      </ActionButton>
      <ConfirmDialog
        opened={asking}
        onClose={close}
        title={`Remove ${squad.name}?`}
        confirm="Remove it"
        danger
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
      >
        <p>
          Its queues and its limit are deleted; its missions that have ended stay. It is refused while
          something of it waits or runs. The next mission or soldier that names it makes it anew.
        </p>
      </ConfirmDialog>
    </>
  );
}

function whyNot({ name, soldiers, ready, limits, missions }: Squad): string | undefined {
  if (name === 'default') return 'The squad default is always there.';
  if (soldiers > 0) {
    return `${soldiers === 1 ? 'A live soldier serves' : `${soldiers} live soldiers serve`} it. One that was stopped lives for 35 s more.`;
  }
  const left = missions ? missions.scheduled + missions.queued + missions.running : 0;
  if (left === 1) return '1 mission of it has not ended.';
  if (left > 1) return `${formatCount(left)} missions of it have not ended.`;
  if (ready || limits?.waiting || limits?.admitted) return 'Something of it waits or runs.';
  return undefined;
}
