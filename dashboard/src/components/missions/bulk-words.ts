// How the actions on many missions read.

import { Ban, type LucideIcon, RotateCw, Trash2 } from 'lucide-react';
import { formatCount } from '@/components/format';
import type { BulkAction } from '@/services/bulk';

interface Words {
  verb: string;
  done: string;
  icon: LucideIcon;
  /** Which missions it can be done to. */
  only: string;
  /** What it does, for the question before. */
  means: string;
}

export const BULK_WORDS: Record<BulkAction, Words> = {
  retry: {
    verb: 'Retry',
    done: 'retried',
    icon: RotateCw,
    only: 'Only failed and cancelled missions can be retried.',
    means: 'They are queued again, each for one more attempt.',
  },
  cancel: {
    verb: 'Cancel',
    done: 'cancelled',
    icon: Ban,
    only: 'Only missions that have not ended can be cancelled.',
    means:
      'Those that wait are never carried out. Those in progress are told to stop; one that completes first stays completed.',
  },
  purge: {
    verb: 'Purge',
    done: 'purged',
    icon: Trash2,
    only: 'Only missions that have ended can be purged.',
    means: "They are removed for good, with payload, result and history. This can't be undone.",
  },
};

export const countMissions = (n: number): string => `${formatCount(n)} mission${n === 1 ? '' : 's'}`;
