import { useDisclosure } from '@mantine/hooks';
import { Pause, Play } from 'lucide-react';
import { ActionButton } from '@/components/action-button';
import { ActionError } from '@/components/action-error';
import { ConfirmDialog } from '@/components/confirm-dialog';
import { useReadOnly } from '@/hooks/use-settings';
import { pauseSquad, resumeSquad, type Squad } from '@/services/squads';
import { useSquadAction } from './use-squad-action';

/** Pauses a squad once it was asked, as that stops work; resumes it at once. */
export function PauseSquad({ squad }: { squad: Squad }) {
  const [asking, { open, close }] = useDisclosure(false);
  const readOnly = useReadOnly();
  const pause = useSquadAction(() => pauseSquad(squad.name), close);
  const resume = useSquadAction(() => resumeSquad(squad.name));
  return (
    <>
      {squad.paused ? (
        <ActionButton
          variant="default"
          size="compact-sm"
          leftSection={<Play size={14} aria-hidden="true" />}
          unavailable={readOnly}
          loading={resume.isPending}
          aria-label={`Resume ${squad.name}`}
          onClick={() => resume.mutate()}
        >
          Resume
        </ActionButton>
      ) : (
        <ActionButton
          variant="default"
          size="compact-sm"
          leftSection={<Pause size={14} aria-hidden="true" />}
          unavailable={readOnly}
          aria-label={`Pause ${squad.name}`}
          onClick={() => {
            pause.reset();
            open();
          }}
        >
          Pause
        </ActionButton>
      )}
      {resume.isError && <ActionError error={resume.error} />}
      <ConfirmDialog
        opened={asking}
        onClose={close}
        title={`Pause ${squad.name}?`}
        confirm="Pause it"
        keep="Let it go on"
        busy={pause.isPending}
        error={pause.error}
        onConfirm={() => pause.mutate()}
      >
        <p>
          None of its missions starts from about 2 s on, until it is resumed. What runs goes on to its end;
          new missions are accepted and wait, too. No attempt is spent.
        </p>
      </ConfirmDialog>
    </>
  );
}
