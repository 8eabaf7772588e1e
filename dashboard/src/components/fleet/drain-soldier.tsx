import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ActionButton } from '@/components/action-button';
import { ConfirmDialog } from '@/components/confirm-dialog';
import { useReadOnly } from '@/hooks/use-settings';
import { drainSoldier, type Soldier, soldiersKey } from '@/services/soldiers';

/** Has a soldier finish what it runs, and end; asks before, and says why where it can't be. */
export function DrainSoldier({ soldier }: { soldier: Soldier }) {
  const [asking, { open, close }] = useDisclosure(false);
  const client = useQueryClient();
  const readOnly = useReadOnly();
  const drain = useMutation({
    mutationFn: () => drainSoldier(soldier.id),
    onSuccess: (after) => {
      client.setQueryData<Soldier[]>(soldiersKey, (before) =>
        before?.map((s) => (s.session === after.session ? after : s)),
      );
      close();
    },
  });
  const running = soldier.running.length;
  return (
    <>
      <ActionButton
        variant="default"
        size="compact-sm"
        unavailable={readOnly ?? whyNot(soldier)}
        aria-label={`Drain ${soldier.id}`}
        onClick={() => {
          drain.reset();
          open();
        }}
      >
        Drain
      </ActionButton>
      <ConfirmDialog
        opened={asking}
        onClose={close}
        title={`Drain ${soldier.id}?`}
        confirm="Drain it"
        keep="Let it work"
        busy={drain.isPending}
        error={drain.error}
        onConfirm={() => drain.mutate()}
      >
        <p>
          {running === 0
            ? 'It runs nothing now. It takes nothing more, and its process ends.'
            : `It takes nothing more, finishes what it runs (${running} now), and its process ends. What outlasts its drain timeout (30 s, unless it was started with another) is handed back and carried out elsewhere; no attempt is spent.`}
        </p>
        <p className="dim">
          A supervisor that always restarts it (systemd, Docker, Kubernetes, missionctl up) brings back a
          soldier that works: tell it first that it shall not.
        </p>
      </ConfirmDialog>
    </>
  );
}

function whyNot(soldier: Soldier): string | undefined {
  if (!soldier.live) return 'It is dead: there is nothing left to drain.';
  if (soldier.draining) return 'It is draining already.';
  return undefined;
}
