import { useReadOnly, useSettings } from '@/hooks/use-settings';
import styles from './installation.module.css';

/** Which installation this is, and whether it can only be looked at. */
export function Installation() {
  const { title } = useSettings();
  const readOnly = useReadOnly();
  if (!title && !readOnly) return null;
  return (
    <span className={styles.installation}>
      {title && <span className={styles.title}>{title}</span>}
      {readOnly && (
        <span className={styles.mark} title={readOnly}>
          Read-only
        </span>
      )}
    </span>
  );
}
