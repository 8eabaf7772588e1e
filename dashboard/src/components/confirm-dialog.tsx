import { Button, Modal, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { ActionError } from './action-error';

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** What will happen, in words. */
  children: ReactNode;
  /** Of the button that does it. */
  confirm: string;
  /** Of the button that does nothing. */
  keep?: string;
  /** Has to be typed before it can be done: for what can't be undone and is many. */
  typed?: string;
  /** It destroys something. */
  danger?: boolean;
  busy: boolean;
  error?: unknown;
  onConfirm: () => void;
}

/** Asks before something that destroys or stops work. The safe answer has the focus. */
export function ConfirmDialog(props: Props) {
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={props.title} centered>
      {/* Inside, so that what was typed goes with the dialog. */}
      <Question {...props} />
    </Modal>
  );
}

function Question(props: Props) {
  const { children, confirm, keep = 'Keep it', typed, danger, busy, error, onClose, onConfirm } = props;
  const [text, setText] = useState('');
  const ready = typed === undefined || text.trim() === typed;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready && !busy) onConfirm();
      }}
    >
      {children}
      {typed !== undefined && (
        <TextInput
          mt="sm"
          label={`Type ${typed} to confirm`}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
        />
      )}
      {error !== undefined && error !== null && <ActionError error={error} />}
      <div className="modal-actions">
        <Button variant="default" onClick={onClose} data-autofocus>
          {keep}
        </Button>
        <Button type="submit" color={danger ? 'red.9' : undefined} loading={busy} disabled={!ready}>
          {confirm}
        </Button>
      </div>
    </form>
  );
}
