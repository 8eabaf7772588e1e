import { Button } from '@mantine/core';
import { Download } from 'lucide-react';
import { useMemo, useState } from 'react';
import { CopyButton } from './copy-button';
import { JsonTree, type Opening } from './json-tree';
import css from './json-tree.module.css';
import { saveText } from './save-text';

/** So much of the text is shown at first. */
const SHOWN = 20_000;

/** JSON to read, copy and keep: as a tree that folds, or as its text. `file` names the download. */
export function JsonView({ label, value, file }: { label: string; value: unknown; file: string }) {
  const [opening, setOpening] = useState<{ mode: Opening; turn: number }>({ mode: 'some', turn: 0 });
  const [raw, setRaw] = useState(false);
  const folds = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  // A new key makes the tree anew, with all nodes open or closed.
  const turn = (mode: Opening) => setOpening(({ turn }) => ({ mode, turn: turn + 1 }));
  return (
    <div>
      <div className={css.bar}>
        {folds && !raw && (
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => turn(opening.mode === 'all' ? 'none' : 'all')}
          >
            {opening.mode === 'all' ? 'Collapse all' : 'Expand all'}
          </Button>
        )}
        <Button size="compact-xs" variant="default" aria-pressed={raw} onClick={() => setRaw(!raw)}>
          Raw text
        </Button>
        <CopyButton size="compact-xs" text={() => textOf(value)} aria-label={`Copy ${label}`}>
          Copy
        </CopyButton>
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<Download size={13} />}
          onClick={() => saveText(file, 'application/json', textOf(value))}
          aria-label={`Download ${label}`}
        >
          Download
        </Button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section className={css.box} tabIndex={0} aria-label={`${label} as JSON`}>
        {raw ? <Raw value={value} /> : <JsonTree key={opening.turn} value={value} opening={opening.mode} />}
      </section>
    </div>
  );
}

const textOf = (value: unknown) => JSON.stringify(value, null, 2) ?? 'null';

function Raw({ value }: { value: unknown }) {
  const text = useMemo(() => textOf(value), [value]);
  const [whole, setWhole] = useState(false);
  return (
    <>
      <pre>{whole ? text : text.slice(0, SHOWN)}</pre>
      {!whole && text.length > SHOWN && (
        <Button size="compact-sm" variant="subtle" onClick={() => setWhole(true)}>
          Show all {Math.round(text.length / 1024)} KiB
        </Button>
      )}
    </>
  );
}
