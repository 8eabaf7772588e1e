import { Button, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { ApiError } from '@/services/api';

interface Props {
  opened: boolean;
  title: string;
  children: ReactNode;
  /** What the two buttons say. */
  yes: string;
  no: string;
  /** It takes something away. */
  danger?: true;
  /** It went out of date while the question was open. */
  impossible?: boolean;
  error: unknown;
  busy: boolean;
  onYes: () => void;
  onClose: () => void;
}

/** A question before something that can't be taken back. Its failure is shown where it was asked. */
export function AskFirst({
  opened,
  title,
  children,
  yes,
  no,
  danger,
  impossible,
  error,
  busy,
  onYes,
  onClose,
}: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} centered>
      {children}
      {error !== null && (
        <p role="alert" className="error-text">
          {error instanceof ApiError ? error.message : 'It failed in this page. Try again.'}
        </p>
      )}
      <div className="modal-actions">
        <Button variant="default" onClick={onClose} data-autofocus>
          {no}
        </Button>
        <Button color={danger && 'red.9'} onClick={onYes} loading={busy} disabled={impossible}>
          {yes}
        </Button>
      </div>
    </Modal>
  );
}
