import { Button } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { CircleCheck, Info, RotateCw } from 'lucide-react';
import { useState } from 'react';
import { ActionButton } from '@/components/action-button';
import { ActionError } from '@/components/action-error';
import { formatCount } from '@/components/format';
import { Banner } from '@/components/outage-banner';
import { PageHead } from '@/components/page-head';
import { Arrivals } from '@/components/set-aside/arrivals';
import { MessageItem } from '@/components/set-aside/message-item';
import { QueuePanel } from '@/components/set-aside/queue-panel';
import styles from '@/components/set-aside/set-aside.module.css';
import {
  doneInWords,
  type SetAsideAction,
  useSetAsideAction,
} from '@/components/set-aside/use-set-aside-action';
import { Empty, Failure, Loading } from '@/components/states';
import { NotedTime } from '@/components/times';
import { useSetAside } from '@/hooks/use-places';
import { useReadOnly } from '@/hooks/use-settings';
import { SET_ASIDE_QUEUES, type SetAside, type SetAsideMessage } from '@/services/set-aside';

const route = getRouteApi('/set-aside');

export function SetAsidePage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useSetAside(search);
  const [done, setDone] = useState<string>();
  const action = useSetAsideAction((what, act) => setDone(doneInWords(what, act)));
  const { data, isFetching } = query;
  const filtered = search.queue !== undefined || search.reason !== undefined;
  return (
    <>
      <PageHead title="Set aside">
        <ActionButton
          variant="default"
          leftSection={<RotateCw size={16} aria-hidden="true" />}
          loading={isFetching}
          onClick={() => {
            setDone(undefined);
            void query.refetch();
          }}
        >
          Refresh
        </ActionButton>
      </PageHead>
      <p className="summary">
        What no program could deal with waits here for a person.{' '}
        {data && (
          <>
            Read <NotedTime at={query.dataUpdatedAt} />.{' '}
            {!filtered && !isFetching && <Arrivals read={data} />}
          </>
        )}
      </p>
      <div role="status">
        {done && (
          <Banner tone="info" icon={<CircleCheck size={18} aria-hidden="true" />}>
            {done}
          </Banner>
        )}
      </div>
      {action.isError && <ActionError error={action.error} />}
      {filtered && (
        <p className={`summary ${styles.bar}`}>
          <span>
            Only {search.queue && <code>{search.queue}</code>} {search.reason && <code>{search.reason}</code>}
          </span>
          <Button variant="default" size="compact-sm" onClick={() => void navigate({ search: {} })}>
            Show all
          </Button>
        </p>
      )}
      {query.isError && (
        <Failure
          what={data ? 'The newest state' : 'What was set aside'}
          error={query.error}
          onRetry={() => void query.refetch()}
          busy={isFetching}
        />
      )}
      {query.isPending && (
        <>
          <p className="summary">The queues are looked through. That may take up to a minute.</p>
          <Loading label="Loading what was set aside" rows={4} />
        </>
      )}
      {data && <Shown data={data} busy={isFetching} filtered={filtered} action={action} />}
    </>
  );
}

interface ShownProps {
  data: SetAside;
  busy: boolean;
  filtered: boolean;
  action: SetAsideAction;
}

function Shown({ data, busy, filtered, action }: ShownProps) {
  const navigate = route.useNavigate();
  const readOnly = useReadOnly();
  const unavailable =
    readOnly ??
    (busy
      ? 'The queues are being looked through, which has the messages on loan. Wait a moment.'
      : undefined) ??
    (action.isPending ? 'Another action is under way.' : undefined);
  const total = data.counts.reduce((sum, { messages }) => sum + messages, 0);
  if (total === 0) {
    return (
      <Empty title={filtered ? 'Nothing of this is set aside now' : 'Nothing is set aside'}>
        {data.complete
          ? filtered
            ? 'It was sent again or dropped, here or elsewhere.'
            : 'Every message was understood and settled.'
          : 'Not all of the queues was looked at, as another call has them or the time was up: refresh.'}
      </Empty>
    );
  }
  return (
    <>
      {!data.complete && total === data.messages.length && (
        <Banner tone="info" icon={<Info size={18} aria-hidden="true" />}>
          There is more than is counted here, as another call has it or the time was up. Refresh in a moment.
        </Banner>
      )}
      {SET_ASIDE_QUEUES.map((queue) => {
        const counts = data.counts.filter((c) => c.queue === queue);
        return (
          counts.length > 0 && (
            <QueuePanel
              key={queue}
              queue={queue}
              counts={counts}
              action={action}
              unavailable={unavailable}
              onShow={(chosen, reason) => void navigate({ search: { queue: chosen, reason } })}
            />
          )
        );
      })}
      <section className="panel" aria-labelledby="messages">
        <h2 id="messages">Messages</h2>
        <p className="summary">
          {formatCount(data.messages.length)} of {formatCount(total)}, as a rule the oldest first.
        </p>
        {distinct(data.messages).map(({ message, copies }) => (
          <MessageItem
            key={message.queue + message.id}
            message={message}
            copies={copies}
            action={action}
            unavailable={unavailable}
          />
        ))}
      </section>
    </>
  );
}

/** Messages that are the same in every byte have one id, and are acted upon together. */
function distinct(messages: SetAsideMessage[]): { message: SetAsideMessage; copies: number }[] {
  const seen = new Map<string, { message: SetAsideMessage; copies: number }>();
  for (const message of messages) {
    const key = message.queue + message.id;
    const known = seen.get(key);
    if (known) known.copies += 1;
    else seen.set(key, { message, copies: 1 });
  }
  return [...seen.values()];
}
