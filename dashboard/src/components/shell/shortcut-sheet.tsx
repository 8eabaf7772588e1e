import { Modal } from '@mantine/core';
import { Fragment } from 'react';
import { useActiveShortcuts } from '@/hooks/use-shortcuts';
import styles from './shortcut-sheet.module.css';

/** All keys that do something on this page. */
export function ShortcutSheet({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const shortcuts = useActiveShortcuts();
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard shortcuts" centered>
      <dl className={styles.list}>
        {shortcuts.map(({ keys, label }) => (
          <Fragment key={keys + label}>
            <dt>
              {keys.split(' ').map((key, i) => (
                <Fragment key={key}>
                  {i > 0 && <span className="dim"> then </span>}
                  <kbd className={styles.key}>{key}</kbd>
                </Fragment>
              ))}
            </dt>
            <dd>{label}</dd>
          </Fragment>
        ))}
      </dl>
    </Modal>
  );
}
