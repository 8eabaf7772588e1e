import { Checkbox, CloseButton, TextInput } from '@mantine/core';
import { useState } from 'react';
import styles from './fleet.module.css';
import type { FleetView } from './order';

/** Which soldiers are shown; all of it stands in the address. */
export function FleetControls({
  search,
  onChange,
}: {
  search: FleetView;
  onChange: (change: Partial<FleetView>) => void;
}) {
  const [typed, setTyped] = useState(search.q ?? '');
  const [shown, setShown] = useState(search.q);
  if (shown !== search.q) {
    // The address changed by other means (back, a link): the field follows it.
    setShown(search.q);
    if (typed.trim() !== (search.q ?? '')) setTyped(search.q ?? '');
  }
  const set = (text: string) => {
    setTyped(text);
    onChange({ q: text.trim() || undefined });
  };
  return (
    <search className={styles.controls} aria-label="Filter soldiers">
      <TextInput
        size="sm"
        aria-label="Name of a soldier"
        placeholder="Find by name"
        value={typed}
        maxLength={64}
        onChange={(event) => set(event.currentTarget.value)}
        autoComplete="off"
        spellCheck={false}
        rightSection={
          typed ? <CloseButton size="sm" aria-label="Clear name" onClick={() => set('')} /> : undefined
        }
      />
      <Checkbox
        label="Live only"
        checked={search.live === true}
        onChange={(event) => onChange({ live: event.currentTarget.checked || undefined })}
      />
      {search.squad && (
        <span className="pill">
          squad {search.squad}
          <CloseButton
            size="xs"
            aria-label={`Soldiers of all squads, not of ${search.squad} alone`}
            onClick={() => onChange({ squad: undefined })}
          />
        </span>
      )}
    </search>
  );
}
