import type { ButtonProps } from '@mantine/core';
import { Check, Copy, X } from 'lucide-react';
import { type Ref, useEffect, useState } from 'react';
import { ActionButton } from './action-button';

type Props = ButtonProps & {
  /** Made only when it is asked for. */
  text: () => string;
  /** Why there is nothing to copy. */
  unavailable?: string;
  children: string;
  'aria-label'?: string;
  ref?: Ref<HTMLButtonElement>;
};

const SHOWN_MS = 1_500;

/** Copies a text, and says whether that went well, to eye and ear. */
export function CopyButton({ text, children, ref, ...props }: Props) {
  const [state, setState] = useState<'copied' | 'failed'>();
  useEffect(() => {
    if (!state) return;
    const timer = setTimeout(() => setState(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const Icon = state === 'copied' ? Check : state === 'failed' ? X : Copy;
  return (
    <>
      <ActionButton
        size="compact-sm"
        variant="default"
        leftSection={<Icon size={14} aria-hidden="true" />}
        onClick={async () => setState((await copy(text())) ? 'copied' : 'failed')}
        ref={ref}
        {...props}
      >
        {state === 'copied' ? 'Copied' : state === 'failed' ? 'Not copied' : children}
      </ActionButton>
      <span role="status" className="visually-hidden">
        {state === 'copied' && `${props['aria-label'] ?? children}: copied`}
        {state === 'failed' && 'The browser did not let this page copy.'}
      </span>
    </>
  );
}

/** Browsers give the clipboard to https and localhost alone; elsewhere a selected text can still be copied. */
async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }
  const field = document.createElement('textarea');
  const before = document.activeElement;
  field.value = text;
  field.style.position = 'fixed';
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}
