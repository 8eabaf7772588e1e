import { ApiError } from '@/services/api';

/** Why an action failed, and the code under which it is looked up. */
export function ActionError({ error }: { error: unknown }) {
  const api = error instanceof ApiError ? error : undefined;
  return (
    <p role="alert" className="error-text wrap">
      {api?.message ?? 'Something unexpected happened in this page. Reload it and try again.'}
      {api?.fieldErrors.map(({ field, message }) => ` ${field}: ${message}.`)}{' '}
      {api && <span className="mono">({api.code})</span>}
    </p>
  );
}
