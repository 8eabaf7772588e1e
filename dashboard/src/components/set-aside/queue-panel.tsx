import { Button } from '@mantine/core';
import { Send } from 'lucide-react';
import { ActionButton } from '@/components/action-button';
import { formatCount } from '@/components/format';
import type { SetAsideCount, SetAsideQueue } from '@/services/set-aside';
import { DropMessages } from './drop-messages';
import styles from './set-aside.module.css';
import type { SetAsideAction } from './use-set-aside-action';
import { QUEUE_WORDS, reasonWords } from './words';

interface Props {
  queue: SetAsideQueue;
  counts: SetAsideCount[];
  action: SetAsideAction;
  /** Why nothing can be done now. */
  unavailable?: string;
  onShow: (queue: SetAsideQueue, reason: string) => void;
}

/** One queue: why its messages are there, what that means, and what can be done about all of a reason. */
export function QueuePanel({ queue, counts, action, unavailable, onShow }: Props) {
  const { title, about } = QUEUE_WORDS[queue];
  return (
    <section className="panel" aria-label={title}>
      <div className={styles.head}>
        <h2>{title}</h2>
        <span className="dim mono">{queue}</span>
      </div>
      <p className={styles.about}>{about}</p>
      <ul className={styles.reasons}>
        {counts.map(({ reason, messages }) => {
          const words = reasonWords(reason);
          const named = reason || 'no reason';
          // A message without a reason can't be chosen by it.
          const target = { queue, reason: reason || undefined };
          const unchoosable = reason
            ? undefined
            : 'They have no reason to choose them by: act upon each below.';
          return (
            <li key={reason} data-reason={reason}>
              <div>
                <p className={styles.reason}>
                  <span className="strong">{formatCount(messages)}</span> <code>{named}</code>{' '}
                  <span>{words.meaning}</span>
                </p>
                <p className={styles.todo}>{words.todo}</p>
              </div>
              <div className={styles.actions}>
                {reason && (
                  <Button
                    variant="default"
                    size="compact-sm"
                    aria-label={`Show ${named}`}
                    onClick={() => onShow(queue, reason)}
                  >
                    Show
                  </Button>
                )}
                <ActionButton
                  variant="default"
                  size="compact-sm"
                  leftSection={<Send size={14} aria-hidden="true" />}
                  unavailable={unavailable ?? unchoosable}
                  loading={action.isPending && isFor(action, queue, reason)}
                  aria-label={`Send all again: ${named}`}
                  onClick={() => action.mutate({ action: 'resend', target })}
                >
                  Send all again
                </ActionButton>
                <DropMessages
                  name={`Drop all ${named}`}
                  label="Drop all"
                  target={target}
                  messages={messages}
                  loss={`All of ${queue} with the reason ${named} are gone for good, also those that came since this was read.`}
                  action={action}
                  unavailable={unavailable ?? unchoosable}
                />
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function isFor({ variables }: SetAsideAction, queue: SetAsideQueue, reason: string): boolean {
  const target = variables?.target;
  return (
    variables?.action === 'resend' &&
    target !== undefined &&
    'queue' in target &&
    target.queue === queue &&
    target.reason === reason
  );
}
