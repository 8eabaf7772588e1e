// The states that are no data: they never look alike.

import { Skeleton } from '@mantine/core';
import { CircleAlert, CircleHelp, Inbox, Lock, RotateCw, Unplug } from 'lucide-react';
import type { ReactNode } from 'react';
import { ApiError } from '@/services/api';
import { ActionButton } from './action-button';
import styles from './states.module.css';

/** Loading: grey shapes of what is to come. */
export function Loading({ label, rows = 6 }: { label: string; rows?: number }) {
  return (
    <div role="status" aria-label={label} className="loading">
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the shapes are all alike and never move
        <Skeleton key={i} height={38} radius="sm" />
      ))}
      <span className="visually-hidden">{label}</span>
    </div>
  );
}

/** Loading: a table's rows, as tall as they will be, so that nothing moves when they come. */
export function LoadingRows({ label, rows = 12 }: { label: string; rows?: number }) {
  return (
    <div role="status" aria-label={label} className={styles.rows}>
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the shapes are all alike and never move
        <div key={i} className={styles.row} aria-hidden="true">
          <Skeleton height={14} width="38%" radius="sm" />
          <Skeleton height={22} width={104} radius="xl" />
        </div>
      ))}
      <span className="visually-hidden">{label}</span>
    </div>
  );
}

/** Nothing is there, and that is the truth. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="state" data-state="empty">
      <Inbox size={34} aria-hidden="true" />
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

/** It could not be read: says why, what to do, and offers to try again. */
export function Failure({
  what,
  error,
  onRetry,
  busy,
}: {
  what: string;
  error: unknown;
  onRetry: () => void;
  busy?: boolean;
}) {
  const api = error instanceof ApiError ? error : undefined;
  const forbidden = api?.status === 401 || api?.status === 403;
  const Icon = forbidden ? Lock : api?.kind === 'network' || api?.status === 502 ? Unplug : CircleAlert;
  return (
    <div className="state" data-state={forbidden ? 'not-allowed' : 'error'} role="alert">
      <Icon size={34} aria-hidden="true" />
      <h2>{forbidden ? `${what}: not allowed` : `${what} can't be shown`}</h2>
      {api?.code === 'unauthorized' ? (
        <p>
          <KeyAdvice />
        </p>
      ) : (
        <p>{api?.message ?? 'Something unexpected happened in this page. Reload it.'}</p>
      )}
      {forbidden && api.code.startsWith('http_') && (
        <p>Something between this page and the commander refuses it. Ask who runs the dashboard.</p>
      )}
      {api && (
        <p className="dim mono">
          {api.code}
          {api.status > 0 && ` · ${api.status}`}
          {api.instance && ` · ${api.instance}`}
        </p>
      )}
      <ActionButton variant="default" leftSection={<RotateCw size={16} />} onClick={onRetry} loading={busy}>
        Try again
      </ActionButton>
    </div>
  );
}

/** What to set where the commander answers that it wants a key. */
export function KeyAdvice() {
  return (
    <>
      The key that the dashboard's server sends is missing or wrong. Start it with the commander's key in{' '}
      <code>COMMANDER_API_KEY</code> or <code>COMMANDER_API_KEY_FILE</code>.
    </>
  );
}

/** The thing asked for does not exist. */
export function NotFound({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="state" data-state="not-found">
      <CircleHelp size={34} aria-hidden="true" />
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}
