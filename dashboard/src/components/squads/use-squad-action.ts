import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type Squad, type Squads, squadsKey } from '@/services/squads';

/** An action upon a squad, whose answer is shown at once. The push confirms it later. */
export function useSquadAction<V = void>(act: (value: V) => Promise<Squad>, done?: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: (after) => {
      client.setQueryData<Squads>(
        squadsKey,
        (before) =>
          before && { ...before, squads: before.squads.map((s) => (s.name === after.name ? after : s)) },
      );
      done?.();
    },
  });
}
