// The two connections to RabbitMQ, and the inbox: sections 2 and 5 of docs/protocol.md. They break and come back here, for
// ever; whoever uses this hears of it through `up` and `down`.

import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import amqp from 'amqplib';

const HEARTBEAT_SECONDS = 10;
const CONNECT_MS = 10_000;
const CONFIRM_MS = 10_000;
const BACKOFF_MIN_MS = 100;
const BACKOFF_MAX_MS = 2_000;
const INBOX_PREFETCH = 256;
const STATUS_QUEUE = 'status_queue';

/** A message on loan. Settling it once is all that may be done with it; after its connection is gone that does nothing. */
export class Delivery {
  #subscription;
  #message;

  constructor(subscription, message) {
    this.#subscription = subscription;
    this.#message = message;
    this.body = message.content;
    this.redelivered = message.fields.redelivered;
  }

  ack() {
    this.#settle((channel, message) => channel.ack(message));
  }

  requeue() {
    this.#settle((channel, message) => channel.nack(message, false, true));
  }

  deadLetter() {
    this.#settle((channel, message) => channel.reject(message, false));
  }

  #settle(how) {
    const message = this.#message;
    this.#message = null;
    if (message !== null) {
      this.#subscription.settle((channel) => how(channel, message));
    }
  }
}

/** One consumer of orders, on a channel of its own: once cancelled, what it had delivered can still be settled. */
class Subscription {
  #channel;
  #tag = null;
  #lent = 0;
  #cancelled = false;
  #gone = false;

  constructor(channel, prefetch) {
    this.#channel = channel;
    this.prefetch = prefetch;
  }

  async start(queue, deliver, lost) {
    const ended = (err) => {
      if (!this.#gone) {
        this.#gone = true;
        lost(err);
      }
    };
    this.#channel.on('error', ended);
    this.#channel.on('close', () => ended(new Error('the channel was closed')));
    await this.#channel.prefetch(this.prefetch, false);
    const ok = await this.#channel.consume(queue, (message) => {
      if (message === null) {
        ended(new Error(`the broker ended the consumer of ${queue}`));
        return;
      }
      this.#lent++;
      deliver(new Delivery(this, message));
    });
    this.#tag = ok.consumerTag;
  }

  /** Ends the consumer. What it still delivers until this returns is on loan like all else. */
  async cancel() {
    await this.#channel.cancel(this.#tag);
    this.#cancelled = true;
    this.#closeWhenSettled();
  }

  settle(how) {
    if (this.#gone) {
      return; // the delivery comes again, here or elsewhere
    }
    try {
      how(this.#channel);
    } catch {
      return; // it is closing under us
    }
    this.#lent--;
    this.#closeWhenSettled();
  }

  #closeWhenSettled() {
    if (this.#cancelled && this.#lent === 0 && !this.#gone) {
      this.#gone = true;
      this.#channel.close().catch(() => {}); // with its connection, then
    }
  }
}

/**
 * The broker's client.
 *
 * events.up(inbox): both connections stand, and answers come to the inbox.
 * events.down(): they are gone. up and down alternate.
 * events.answers(body): a message came to the inbox.
 */
export class Broker {
  #url;
  #name;
  #events;
  #log;
  #stopping = new AbortController();
  #loop = null;
  /** What there is while connected: {consuming, confirms, lose}. */
  #session = null;
  #serial = 0;
  #waiting = new Map(); // by correlation id: what a publish waits with

  constructor(url, name, events, log) {
    const u = new URL(url);
    if (!u.searchParams.has('heartbeat')) {
      u.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS));
    }
    this.#url = u.href;
    this.#name = name;
    this.#events = events;
    this.#log = log;
  }

  start() {
    this.#loop = this.#run();
  }

  async stop() {
    this.#stopping.abort();
    await this.#loop;
  }

  async #run() {
    let ceiling = BACKOFF_MIN_MS;
    while (!this.#stopping.signal.aborted) {
      let stood = 0;
      try {
        stood = await this.#live();
      } catch (err) {
        if (this.#stopping.signal.aborted) {
          break;
        }
        this.#log(`no connection to RabbitMQ, trying on: ${err.message}`);
      }
      if (stood >= BACKOFF_MAX_MS) {
        ceiling = BACKOFF_MIN_MS;
      }
      const wait = randomInt(ceiling + 1);
      ceiling = Math.min(2 * ceiling, BACKOFF_MAX_MS);
      await sleep(wait, undefined, { signal: this.#stopping.signal }).catch(() => {});
    }
  }

  /** Connects, and returns after the connections are lost: for how long they stood. */
  async #live() {
    const opened = [];
    let reason = null;
    let lose;
    const lost = new Promise((resolve) => {
      lose = (err) => {
        reason ??= err;
        resolve();
      };
    });
    const open = async (purpose) => {
      const connection = await amqp.connect(this.#url, {
        timeout: CONNECT_MS,
        noDelay: true,
        clientProperties: { connection_name: `${this.#name} (${purpose})` },
      });
      opened.push(connection);
      connection.on('error', lose);
      connection.on('close', () => lose(new Error('the connection was closed')));
      return connection;
    };
    const stop = () => lose(new Error('the soldier stops'));
    this.#stopping.signal.addEventListener('abort', stop);
    const began = performance.now();
    try {
      const publishing = await open('publishing');
      const consuming = await open('consuming');
      const confirms = await publishing.createConfirmChannel();
      confirms.on('error', lose);
      confirms.on('close', () => lose(new Error('the channel was closed')));
      confirms.on('return', (message) => {
        const waits = this.#waiting.get(message.properties.correlationId);
        if (waits !== undefined) {
          waits.returned = true; // the confirm that follows means nothing then
        }
      });
      const inbox = await this.#openInbox(consuming, lose);
      if (reason !== null) {
        throw reason;
      }
      this.#session = { consuming, confirms, lose };
      this.#log('connected to RabbitMQ');
      this.#events.up(inbox);
      await lost;
    } finally {
      this.#stopping.signal.removeEventListener('abort', stop);
      const stood = this.#session !== null;
      this.#session = null;
      for (const waits of this.#waiting.values()) {
        waits.reject(reason ?? new Error('the connection is gone'));
      }
      if (stood) {
        this.#events.down();
      }
      await Promise.all(opened.map(close));
    }
    if (!this.#stopping.signal.aborted) {
      this.#log(`connection to RabbitMQ lost: ${reason.message}`);
    }
    return performance.now() - began;
  }

  async #openInbox(consuming, lose) {
    const channel = await consuming.createChannel();
    channel.on('error', lose);
    channel.on('close', () => lose(new Error('the inbox was closed')));
    await channel.prefetch(INBOX_PREFETCH, false);
    const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true, durable: false });
    await channel.consume(queue, (message) => {
      if (message === null) {
        lose(new Error('the broker ended the inbox'));
        return;
      }
      this.#events.answers(message.content);
      channel.ack(message);
    });
    return queue;
  }

  /** Consumes orders. Fails where the queue is missing, and then the connections are made anew. */
  async subscribe(queue, prefetch, deliver) {
    const session = this.#session;
    if (session === null) {
      throw new Error('there is no connection');
    }
    try {
      const subscription = new Subscription(await session.consuming.createChannel(), prefetch);
      await subscription.start(queue, deliver, session.lose);
      return subscription;
    } catch (err) {
      session.lose(err);
      throw err;
    }
  }

  /** Publishes to status_queue, and returns once the broker has the message. After any error it may have it, or not. */
  async publish(type, message, { expirationMs } = {}) {
    const session = this.#session;
    if (session === null) {
      throw new Error('there is no connection');
    }
    const correlationId = String(++this.#serial);
    const body = Buffer.from(JSON.stringify(message));
    let timer;
    try {
      await new Promise((resolve, reject) => {
        const waits = { reject, returned: false };
        this.#waiting.set(correlationId, waits);
        timer = setTimeout(() => reject(new Error('no confirm')), CONFIRM_MS);
        session.confirms.publish(
          '',
          STATUS_QUEUE,
          body,
          {
            type,
            correlationId,
            contentType: 'application/json',
            persistent: true,
            mandatory: true,
            expiration: expirationMs,
          },
          (err) => {
            if (err) {
              reject(err);
            } else if (waits.returned) {
              reject(new Error(`there is no ${STATUS_QUEUE}`));
            } else {
              resolve();
            }
          },
        );
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(correlationId);
    }
  }
}

/** Closes a connection, however it is. */
async function close(connection) {
  const patience = new AbortController();
  const cut = sleep(1_000, undefined, { signal: patience.signal }).then(
    () => connection.connection.stream.destroy(),
    () => {},
  );
  await Promise.race([connection.close().catch(() => {}), cut]);
  patience.abort();
}
