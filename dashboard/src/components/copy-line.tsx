import { ActionIcon } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { Check, Copy } from 'lucide-react';
import styles from './copy-line.module.css';

/** A command to copy. */
export function CopyLine({ label, text }: { label: string; text: string }) {
  const clipboard = useClipboard({ timeout: 1_500 });
  return (
    <div className={styles.line}>
      <code>{text}</code>
      <ActionIcon
        variant="subtle"
        color="gray"
        onClick={() => clipboard.copy(text)}
        aria-label={clipboard.copied ? `Copied: ${label}` : `Copy: ${label}`}
      >
        {clipboard.copied ? <Check size={15} aria-hidden="true" /> : <Copy size={15} aria-hidden="true" />}
      </ActionIcon>
    </div>
  );
}
