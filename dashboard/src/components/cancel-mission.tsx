import { Button, Modal } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Ban } from 'lucide-react';
import { useLive } from '@/live/live-context';
import { ApiError } from '@/services/api';
import { cancelMission, isFinal, type Mission, missionKeys } from '@/services/missions';

/** The cancel button, only where the state allows it, and its question. */
export function CancelMission({ mission }: { mission: Mission }) {
  const [asking, { open, close }] = useDisclosure(false);
  const client = useQueryClient();
  const live = useLive();
  const cancel = useMutation({
    mutationFn: () => cancelMission(mission.id),
    onSuccess: (after) => {
      live.learn(after);
      close();
    },
    onError: (error) => {
      // 409: it ended meanwhile. The page should show how.
      if (error instanceof ApiError && error.status === 409) {
        void client.invalidateQueries({ queryKey: missionKeys.detail(mission.id) });
      }
    },
  });
  const possible = !isFinal(mission.status) && !mission.cancelRequested;
  if (!possible && !asking) return null;

  const ask = () => {
    cancel.reset();
    open();
  };
  return (
    <>
      {possible && (
        <Button variant="default" leftSection={<Ban size={16} />} onClick={ask}>
          Cancel mission
        </Button>
      )}
      <Modal opened={asking} onClose={close} title="Cancel this mission?" centered>
        <p>
          {mission.status === 'IN_PROGRESS'
            ? 'A soldier is carrying it out and will be told to stop. If it completes first, it stays completed.'
            : 'It has not begun and will never be carried out.'}
        </p>
        {cancel.isError && (
          <p role="alert" className="error-text">
            {cancel.error instanceof ApiError
              ? cancel.error.message
              : 'The cancel failed in this page. Try again.'}
          </p>
        )}
        <div className="modal-actions">
          <Button variant="default" onClick={close} data-autofocus>
            Keep it
          </Button>
          <Button
            color="red.9"
            onClick={() => cancel.mutate()}
            loading={cancel.isPending}
            disabled={!possible}
          >
            Yes, cancel it
          </Button>
        </div>
      </Modal>
    </>
  );
}
