import { Button } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { Check, Copy } from 'lucide-react';
import { useMemo, useState } from 'react';

const SHOWN = 20_000;

/** JSON, indented, to read and copy. Very long values are cut until asked for. */
export function JsonView({ label, value }: { label: string; value: unknown }) {
  const text = useMemo(() => JSON.stringify(value, null, 2) ?? 'null', [value]);
  const [whole, setWhole] = useState(false);
  const clipboard = useClipboard({ timeout: 1_500 });
  const cut = !whole && text.length > SHOWN;
  return (
    <div className="json">
      <Button
        className="json-copy"
        size="compact-xs"
        variant="default"
        leftSection={clipboard.copied ? <Check size={13} /> : <Copy size={13} />}
        onClick={() => clipboard.copy(text)}
        aria-label={`Copy ${label}`}
      >
        {clipboard.copied ? 'Copied' : 'Copy'}
      </Button>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section tabIndex={0} aria-label={`${label} as JSON`}>
        <pre>{cut ? text.slice(0, SHOWN) : text}</pre>
      </section>
      {cut && (
        <Button size="compact-sm" variant="subtle" onClick={() => setWhole(true)}>
          Show all {Math.round(text.length / 1024)} KiB
        </Button>
      )}
    </div>
  );
}
