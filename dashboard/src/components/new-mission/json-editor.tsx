import { Button, Input } from '@mantine/core';
import { type Ref, useId, useMemo, useState } from 'react';
import { type JsonFault, jsonFault } from '@/services/json-fault';
import css from './json-editor.module.css';

const LINE = 20;
const PADDING = 8;
/** So much of the faulty line is shown around the fault. */
const AROUND = 34;

interface Props {
  label: string;
  description: string;
  name: string;
  /** What stands in it. */
  text: string;
  error?: string;
  /** Bytes without white space, as the commander counts them, and how many may be. */
  size?: number;
  limit: number;
  onChange: (event: { target: unknown; type?: unknown }) => unknown;
  onBlur: (event: { target: unknown; type?: unknown }) => unknown;
  onFormat: () => void;
  ref?: Ref<HTMLTextAreaElement>;
}

/** A field for JSON: line numbers, the faulty line marked as one types, and the size of what is sent. */
export function JsonEditor(props: Props) {
  const { label, description, name, text, error, size, limit, onChange, onBlur, onFormat, ref } = props;
  const id = useId();
  const [scroll, setScroll] = useState(0);
  const fault = useMemo(() => (error ? jsonFault(text) : undefined), [text, error]);
  const lines = useMemo(() => text.split('\n'), [text]);
  return (
    <div>
      <Input.Wrapper
        label={label}
        description={description}
        error={error}
        id={id}
        descriptionProps={{ id: `${id}-description` }}
        errorProps={{ id: `${id}-error` }}
        inputWrapperOrder={['label', 'description', 'input', 'error']}
      >
        <div className={css.editor} data-wrong={error !== undefined || undefined}>
          <div className={css.gutter} aria-hidden="true">
            <div className={css.numbers} style={{ transform: `translateY(${-scroll}px)` }}>
              <Numbers count={lines.length} wrong={fault?.line} />
            </div>
          </div>
          <div style={{ position: 'relative', overflow: 'hidden' }}>
            {fault && (
              <div className={css.band} style={{ top: PADDING + (fault.line - 1) * LINE - scroll }} />
            )}
            <textarea
              id={id}
              name={name}
              ref={ref}
              className={css.text}
              rows={Math.min(Math.max(lines.length + 1, 8), 24)}
              wrap="off"
              spellCheck={false}
              autoCapitalize="off"
              defaultValue={text}
              aria-invalid={error !== undefined}
              aria-describedby={`${id}-description${error ? ` ${id}-error` : ''}`}
              onChange={onChange}
              onBlur={onBlur}
              onScroll={(event) => setScroll(event.currentTarget.scrollTop)}
            />
          </div>
        </div>
        {fault && <Excerpt line={lines[fault.line - 1] ?? ''} fault={fault} />}
      </Input.Wrapper>
      <div className={css.foot}>
        <span className="dim">{size === undefined ? '' : `${kib(size)} of ${kib(limit)} KiB`}</span>
        <Button size="compact-xs" variant="default" onClick={onFormat} disabled={fault !== undefined}>
          Format JSON
        </Button>
      </div>
    </div>
  );
}

const kib = (n: number) => (n % 1024 === 0 || n >= 102_400 ? Math.round(n / 1024) : (n / 1024).toFixed(1));

function Numbers({ count, wrong }: { count: number; wrong?: number }) {
  const range = (from: number, to: number) =>
    Array.from({ length: Math.max(0, to - from) }, (_, i) => `${from + i}\n`).join('');
  if (wrong === undefined) return range(1, count + 1);
  return (
    <>
      {range(1, wrong)}
      <b>✕ {wrong}</b>
      {'\n'}
      {range(wrong + 1, count + 1)}
    </>
  );
}

/** The faulty line with a caret under the fault, cut where it is long. */
function Excerpt({ line, fault }: { line: string; fault: JsonFault }) {
  const from = Math.max(0, fault.column - 1 - AROUND);
  const part = line.slice(from, fault.column + AROUND);
  const before = `${from > 0 ? '…' : ''}${line.slice(from, fault.column - 1)}`;
  return (
    <pre className={css.excerpt} aria-hidden="true">
      {from > 0 && '…'}
      {part}
      {'\n'}
      {before.replaceAll(/[^\t]/g, ' ')}^
    </pre>
  );
}
