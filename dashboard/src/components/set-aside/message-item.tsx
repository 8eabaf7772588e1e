import { Send } from 'lucide-react';
import { ActionButton } from '@/components/action-button';
import { formatCount } from '@/components/format';
import { JsonView } from '@/components/json-view';
import type { SetAsideMessage } from '@/services/set-aside';
import { DropMessages } from './drop-messages';
import styles from './set-aside.module.css';
import type { SetAsideAction } from './use-set-aside-action';

interface Props {
  message: SetAsideMessage;
  /** How many are the same in every byte. */
  copies: number;
  action: SetAsideAction;
  unavailable?: string;
}

/** One message: why it is there, its body, and what can be done. */
export function MessageItem({ message, copies, action, unavailable }: Props) {
  const { id, queue, reason, detail, type, size, from } = message;
  const short = id.slice(0, 8);
  return (
    <details className={styles.message} data-message-id={id}>
      <summary>
        <code>{reason ?? 'no reason'}</code> {copies > 1 && <span className="strong">{copies} times</span>}{' '}
        {type && <span>{type}</span>} <span className="dim mono">{short}</span>{' '}
        {detail && <span className="dim wrap">{detail}</span>}
      </summary>
      <dl className={`facts ${styles.facts}`}>
        <div>
          <dt>Id</dt>
          <dd className="mono">{id}</dd>
        </div>
        <div>
          <dt>Lies in</dt>
          <dd className="mono">{queue}</dd>
        </div>
        <div>
          <dt>Came from</dt>
          <dd>{from ? <span className="mono">{from}</span> : 'not known'}</dd>
        </div>
        <div>
          <dt>Size</dt>
          <dd>{formatCount(size)} bytes</dd>
        </div>
      </dl>
      <Body message={message} />
      <div className={styles.bar} style={{ marginTop: 10 }}>
        <ActionButton
          variant="default"
          size="compact-sm"
          leftSection={<Send size={14} aria-hidden="true" />}
          unavailable={unavailable ?? (from ? undefined : 'It is not known where it came from.')}
          aria-label={`Send again: ${short}`}
          onClick={() => action.mutate({ action: 'resend', target: { id } })}
        >
          Send again
        </ActionButton>
        <DropMessages
          name={`Drop ${short}`}
          label="Drop"
          target={{ id }}
          messages={1}
          loss="It is gone for good. Messages that are the same in every byte go with it."
          action={action}
          unavailable={unavailable}
        />
      </div>
    </details>
  );
}

function Body({ message }: { message: SetAsideMessage }) {
  const { body, bodyBase64 } = message;
  if (body !== undefined)
    return <JsonView label="Body" file={`set-aside-${message.id.slice(0, 8)}.json`} value={body} />;
  if (bodyBase64 !== undefined)
    return (
      <JsonView
        label="Body, in base64"
        file={`set-aside-${message.id.slice(0, 8)}.json`}
        value={bodyBase64}
      />
    );
  return <p className="dim">Its body is larger than 64 KiB and is not shown.</p>;
}
