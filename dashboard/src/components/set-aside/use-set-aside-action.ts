import { useMutation, useQueryClient } from '@tanstack/react-query';
import {
  dropSetAside,
  resendSetAside,
  type SetAsideDone,
  setAsideKeys,
  type Target,
} from '@/services/set-aside';

export interface Act {
  action: 'resend' | 'drop';
  target: Target;
}

/** Sends again or drops; afterwards, however it went, what is left is read anew. */
export function useSetAsideAction(done: (what: SetAsideDone, act: Act) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ action, target }: Act) =>
      action === 'resend' ? resendSetAside(target) : dropSetAside(target),
    onSuccess: done,
    onSettled: () => void client.invalidateQueries({ queryKey: setAsideKeys.all }),
  });
}

export type SetAsideAction = ReturnType<typeof useSetAsideAction>;

/** What an action did, in words. */
export function doneInWords(done: SetAsideDone, { action }: Act): string {
  const n = done.messages;
  const parts = [
    `${n === 0 ? 'Nothing was' : n === 1 ? '1 message was' : `${n} messages were`} ${action === 'resend' ? 'sent again' : 'dropped'}.`,
  ];
  if (done.skipped > 0) {
    parts.push(
      `${done.skipped} can't be sent again: it is not known where they came from, or that queue is no more.`,
    );
  }
  if (!done.complete) parts.push('There is more than one call looks at: ask again.');
  return parts.join(' ');
}
