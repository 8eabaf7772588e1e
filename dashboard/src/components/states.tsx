// The three states that are no data: they never look alike.

import { Button, Skeleton } from '@mantine/core';
import { CircleAlert, CircleHelp, Inbox, RotateCw, Unplug } from 'lucide-react';
import type { ReactNode } from 'react';
import { ApiError } from '@/services/api';

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
  const Icon = api?.kind === 'network' || api?.status === 502 ? Unplug : CircleAlert;
  return (
    <div className="state" data-state="error" role="alert">
      <Icon size={34} aria-hidden="true" />
      <h2>{what} can't be shown</h2>
      <p>{api?.message ?? 'Something unexpected happened in this page. Reload it.'}</p>
      {api && (
        <p className="dim mono">
          {api.code}
          {api.status > 0 && ` · ${api.status}`}
          {api.instance && ` · ${api.instance}`}
        </p>
      )}
      <Button variant="default" leftSection={<RotateCw size={16} />} onClick={onRetry} loading={busy}>
        Try again
      </Button>
    </div>
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
