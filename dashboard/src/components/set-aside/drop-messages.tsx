import { useDisclosure } from '@mantine/hooks';
import { Trash2 } from 'lucide-react';
import { ActionButton } from '@/components/action-button';
import { ConfirmDialog } from '@/components/confirm-dialog';
import type { Target } from '@/services/set-aside';
import type { SetAsideAction } from './use-set-aside-action';

interface Props {
  /** Of the button, for those who don't see what it stands beside. */
  name: string;
  label: string;
  target: Target;
  /** How many go; a word has to be typed for more than one. */
  messages: number;
  /** What is lost, in words. */
  loss: string;
  action: SetAsideAction;
  unavailable?: string;
}

/** Drops for good, so it asks. */
export function DropMessages({ name, label, target, messages, loss, action, unavailable }: Props) {
  const [asking, { open, close }] = useDisclosure(false);
  return (
    <>
      <ActionButton
        variant="default"
        size="compact-sm"
        leftSection={<Trash2 size={14} aria-hidden="true" />}
        unavailable={unavailable}
        aria-label={name}
        onClick={() => {
          action.reset();
          open();
        }}
      >
        {label}
      </ActionButton>
      <ConfirmDialog
        opened={asking}
        onClose={close}
        title={messages === 1 ? 'Drop this message?' : `Drop ${messages} messages?`}
        confirm={messages === 1 ? 'Drop it' : 'Drop all'}
        keep={messages === 1 ? 'Keep it' : 'Keep them'}
        danger
        typed={messages > 1 ? 'drop' : undefined}
        busy={action.isPending}
        error={action.error}
        onConfirm={() => action.mutate({ action: 'drop', target }, { onSuccess: close })}
      >
        <p>{loss}</p>
      </ConfirmDialog>
    </>
  );
}
