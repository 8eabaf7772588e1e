import { Button } from '@mantine/core';
import { useState } from 'react';
import { asCurl, asMissionctl } from '@/components/commands';
import { CopyButton } from '@/components/copy-button';
import type { NewMission } from '@/services/missions';
import { address } from '@/settings';
import css from './new-mission.module.css';

/** The order as a command, kept up with the form. Undefined while the form has faults. */
export function CommandPanel({ order }: { order: NewMission | undefined }) {
  const [tool, setTool] = useState<'curl' | 'missionctl'>('curl');
  const url = new URL(address('api/missions'), window.location.href).href;
  const text = order && (tool === 'curl' ? asCurl(url, order) : asMissionctl(order));
  return (
    <section className={`panel ${css.command}`} aria-labelledby="command">
      <h2 id="command">The same as a command</h2>
      <div className={css.bar}>
        {(['curl', 'missionctl'] as const).map((name) => (
          <Button
            key={name}
            size="compact-sm"
            variant={name === tool ? 'light' : 'default'}
            aria-pressed={name === tool}
            onClick={() => setTool(name)}
          >
            {name}
          </Button>
        ))}
        {text && (
          <CopyButton ml="auto" text={() => text} aria-label="Copy the command">
            Copy
          </CopyButton>
        )}
      </div>
      {text ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
        <section className={css.text} tabIndex={0} aria-label={`The order for ${tool}`}>
          {text}
        </section>
      ) : (
        <p className="dim">It is shown once all fields are right.</p>
      )}
    </section>
  );
}
