import { Button, Modal, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Gauge } from 'lucide-react';
import { useState } from 'react';
import { ActionButton } from '@/components/action-button';
import { ActionError } from '@/components/action-error';
import { useReadOnly } from '@/hooks/use-settings';
import { limitSquad, type Squad } from '@/services/squads';
import styles from './squads.module.css';
import { useSquadAction } from './use-squad-action';
import { wholeFault } from './whole-number';

/** How many of a squad's missions may run at once: set, changed, taken away. */
export function LimitSquad({ squad }: { squad: Squad }) {
  const [opened, { open, close }] = useDisclosure(false);
  const readOnly = useReadOnly();
  return (
    <>
      <ActionButton
        variant="default"
        size="compact-sm"
        leftSection={<Gauge size={14} aria-hidden="true" />}
        unavailable={readOnly}
        aria-label={`Limit ${squad.name}`}
        onClick={open}
      >
        Limit
      </ActionButton>
      <Modal opened={opened} onClose={close} title={`Limit of ${squad.name}`} centered>
        <LimitForm squad={squad} onDone={close} />
      </Modal>
    </>
  );
}

function LimitForm({ squad, onDone }: { squad: Squad; onDone: () => void }) {
  const [text, setText] = useState(String(squad.limits?.maxRunning ?? ''));
  const limit = useSquadAction((max: number | undefined) => limitSquad(squad.name, max), onDone);
  const fault = wholeFault(text, 10_000);
  return (
    <form
      className={styles.fields}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!fault) limit.mutate(Number(text));
      }}
    >
      <TextInput
        label="At once"
        description="How many of its missions may run at once: 1 to 10000. The others wait in line, in the order in which they came. What runs goes on."
        inputMode="numeric"
        autoComplete="off"
        data-autofocus
        value={text}
        error={text !== '' && fault}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {limit.isError && <ActionError error={limit.error} />}
      <div className="modal-actions">
        <Button variant="default" onClick={onDone}>
          Cancel
        </Button>
        {squad.limits && (
          <Button variant="default" loading={limit.isPending} onClick={() => limit.mutate(undefined)}>
            Remove the limit
          </Button>
        )}
        <Button type="submit" loading={limit.isPending} disabled={!!fault}>
          Set limit
        </Button>
      </div>
    </form>
  );
}
