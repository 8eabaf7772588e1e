import { Button, Modal, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ActionError } from '@/components/action-error';
import { type KeyLimit, limitsKey, setLimit } from '@/services/limits';
import styles from './squads.module.css';
import { wholeFault } from './whole-number';

interface Props {
  /** The limit to change, or `new` for one of a key to be named; undefined is closed. */
  edited: KeyLimit | 'new' | undefined;
  onClose: () => void;
}

export function KeyLimitDialog({ edited, onClose }: Props) {
  return (
    <Modal
      opened={edited !== undefined}
      onClose={onClose}
      title={edited === 'new' || !edited ? 'Set the limit of a key' : `Limit of ${edited.key}`}
      centered
    >
      {edited && <Fields limit={edited === 'new' ? undefined : edited} onDone={onClose} />}
    </Modal>
  );
}

function Fields({ limit, onDone }: { limit?: KeyLimit; onDone: () => void }) {
  const [key, setKey] = useState(limit?.key ?? '');
  const [max, setMax] = useState(String(limit?.maxRunning ?? ''));
  const [starts, setStarts] = useState(String(limit?.rate?.starts ?? ''));
  const [period, setPeriod] = useState(String(limit?.rate?.periodSeconds ?? ''));
  const client = useQueryClient();
  const rated = starts.trim() !== '' || period.trim() !== '';
  const faults = {
    key:
      key.trim() === ''
        ? 'Name the key'
        : new TextEncoder().encode(key.trim()).length > 200
          ? 'At most 200 bytes'
          : undefined,
    max: wholeFault(max, 10_000),
    starts: rated ? wholeFault(starts, 10_000) : undefined,
    period: rated ? wholeFault(period, 86_400) : undefined,
  };
  const save = useMutation({
    mutationFn: () =>
      setLimit(key.trim(), {
        maxRunning: Number(max),
        rate: rated ? { starts: Number(starts), periodSeconds: Number(period) } : undefined,
      }),
    onSuccess: (after) => {
      client.setQueryData<KeyLimit[]>(limitsKey, (before) =>
        [...(before ?? []).filter((l) => l.key !== after.key), after].sort((a, b) =>
          a.key < b.key ? -1 : 1,
        ),
      );
      onDone();
    },
  });
  const wrong = Object.values(faults).some((fault) => fault !== undefined);
  return (
    <form
      className={styles.fields}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!wrong) save.mutate();
      }}
    >
      {!limit && (
        <TextInput
          label="Key"
          description="The concurrency_key that missions name"
          value={key}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          error={key !== '' && faults.key}
          onChange={(event) => setKey(event.currentTarget.value)}
        />
      )}
      <TextInput
        label="At once"
        description="How many of its missions may run at once: 1 to 10000"
        value={max}
        inputMode="numeric"
        autoComplete="off"
        error={max !== '' && faults.max}
        onChange={(event) => setMax(event.currentTarget.value)}
      />
      <div className={styles.pair}>
        <TextInput
          label="Starts (optional)"
          value={starts}
          inputMode="numeric"
          autoComplete="off"
          error={rated && faults.starts}
          onChange={(event) => setStarts(event.currentTarget.value)}
        />
        <TextInput
          label="in so many seconds"
          value={period}
          inputMode="numeric"
          autoComplete="off"
          error={rated && faults.period}
          onChange={(event) => setPeriod(event.currentTarget.value)}
        />
      </div>
      {save.isError && <ActionError error={save.error} />}
      <div className="modal-actions">
        <Button variant="default" onClick={onDone}>
          Cancel
        </Button>
        <Button type="submit" loading={save.isPending} disabled={wrong}>
          Set limit
        </Button>
      </div>
    </form>
  );
}
