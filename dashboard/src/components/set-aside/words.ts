// What the queues and reasons mean, and what to do about them.

import type { SetAsideQueue } from '@/services/set-aside';

export const QUEUE_WORDS: Record<SetAsideQueue, { title: string; about: string }> = {
  status_refused_queue: {
    title: 'Refused reports of soldiers',
    about:
      "What soldiers told and no commander could take. A refused result is somebody's work: look at the body before you drop it. The newest 100,000 are kept.",
  },
  submissions_refused_queue: {
    title: 'Missions that could not be created',
    about:
      'They were accepted while Redis was away, so they were promised. Mend the reason and send them again, or tell whoever ordered them. Nothing is dropped by itself.',
  },
  orders_dead_queue: {
    title: 'Orders that nobody could carry out',
    about:
      'An order is a hint: dropping it loses nothing, a mission whose only order is gone gets a new one. The newest 100,000 are kept.',
  },
};

interface Words {
  meaning: string;
  todo: string;
}

const UNTRUSTED: Words = {
  meaning: 'The token in it is not to be believed.',
  todo: "Look whether the soldiers use the right keys and commanders. If you don't know the sender, drop it.",
};
const FORGED: Words = {
  meaning: 'Its seal is wrong: it was not made by this installation, or its secret was changed meanwhile.',
  todo: 'Find out who sends it; then drop it.',
};

const REASONS: Record<string, Words> = {
  superseded: {
    meaning: 'The result came from an execution that was given up: the mission went on elsewhere.',
    todo: 'As a rule nothing: compare the result with what its mission shows, then drop it.',
  },
  unknown_mission: {
    meaning: 'No mission of that id is known: it was purged, or Redis lost it.',
    todo: 'Look whether the work was done. If not, order it anew from the body; then drop this.',
  },
  unsealed_order: {
    meaning: "It is about an order without this installation's seal: from before an upgrade, or invented.",
    todo: 'Look whether the work was done. If not, order it anew from the body; then drop this.',
  },
  forged_ticket: FORGED,
  forged_marker: FORGED,
  forged_submission: FORGED,
  wrong_session: {
    meaning: 'It speaks for another session of a soldier than the one that sent it.',
    todo: "Look whether two processes share a soldier's name; then drop it.",
  },
  unreadable: {
    meaning: 'It is no message that this version can read.',
    todo: 'If a newer version sent it, upgrade the commanders and send it again; else drop it.',
  },
  failed: {
    meaning: 'The commander could not settle it, for a reason that its log tells.',
    todo: 'Mend what the log says, then send it again.',
  },
  expired: {
    meaning: 'Its token had run out: it came too late, or clocks differ.',
    todo: 'Check the clocks. Sending it again does not help; drop it.',
  },
  malformed: UNTRUSTED,
  forged: UNTRUSTED,
  unknown_key: UNTRUSTED,
  wrong_issuer: UNTRUSTED,
  wrong_audience: UNTRUSTED,
  not_yet_valid: {
    meaning: 'Its token is not valid yet: clocks differ.',
    todo: 'Check the clocks, then send it again.',
  },
  rejected: {
    meaning: 'A soldier could not read the order: it is damaged, or of a newer version.',
    todo: 'Upgrade that soldier, then send it again; or drop it.',
  },
  delivery_limit: {
    meaning: 'It was delivered 1,000 times, and no soldier kept it.',
    todo: 'Look why soldiers die or give it back: their logs tell. Then send it again, or drop it.',
  },
};

/** Newer commanders may know more reasons. */
export function reasonWords(reason: string): Words {
  return (
    REASONS[reason] ?? {
      meaning: 'This page does not know the reason; the detail of each message may say more.',
      todo: 'Look at the messages.',
    }
  );
}
