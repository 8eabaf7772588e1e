import { Button } from '@mantine/core';
import type { ErrorComponentProps } from '@tanstack/react-router';
import { CircleAlert } from 'lucide-react';

/** A page that broke, or whose script is gone since an update. */
export function RouteFailure({ error }: ErrorComponentProps) {
  return (
    <div className="state" data-state="error" role="alert">
      <CircleAlert size={34} aria-hidden="true" />
      <h2>This page broke</h2>
      <p>Reload it. If the dashboard was just updated, that is all it needs.</p>
      <p className="dim mono">{error instanceof Error ? error.message : String(error)}</p>
      <Button variant="default" onClick={() => window.location.reload()}>
        Reload
      </Button>
    </div>
  );
}
