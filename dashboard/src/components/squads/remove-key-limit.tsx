import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ActionButton } from '@/components/action-button';
import { ConfirmDialog } from '@/components/confirm-dialog';
import { useReadOnly } from '@/hooks/use-settings';
import { type KeyLimit, limitsKey, removeLimit } from '@/services/limits';

/** Makes it one at a time again; asks, as that slows down what waits. */
export function RemoveKeyLimit({ limit }: { limit: KeyLimit }) {
  const [asking, { open, close }] = useDisclosure(false);
  const client = useQueryClient();
  const readOnly = useReadOnly();
  const remove = useMutation({
    mutationFn: () => removeLimit(limit.key),
    onSuccess: () => {
      close();
      client.setQueryData<KeyLimit[]>(limitsKey, (before) => before?.filter((l) => l.key !== limit.key));
    },
  });
  return (
    <>
      <ActionButton
        variant="default"
        size="compact-sm"
        unavailable={readOnly}
        aria-label={`Remove ${limit.key}`}
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
        title={`Remove the limit of ${limit.key}?`}
        confirm="Remove it"
        danger
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
      >
        <p>
          Its missions run one at a time then, as fast as they come. What runs goes on; {limit.waiting} that
          wait stay in line.
        </p>
      </ConfirmDialog>
    </>
  );
}
