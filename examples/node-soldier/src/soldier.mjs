// A soldier: orders, claims, grants, handlers, finals. The numbers in brackets are the sections of docs/protocol.md.

import { randomBytes } from 'node:crypto';
import { Broker } from './broker.mjs';
import { Cause, completed, ending, failed, readOrder } from './messages.mjs';
import { Letter, Outbox } from './outbox.mjs';
import { Renewer, Verdict } from './renewer.mjs';

const LEASE_MS = 35_000;
const CLAIM_REPEAT_MS = 3_000;
const FINAL_REPEAT_MS = 30_000;
const ACK_RUNNING_MS = 60_000;
const END_GRACE_MS = 10_000;
const SETTLE_MS = 5_000;
const KEPT_PER_SLOT = 4;
const RATION_SETTLES_MS = 1_000;
const ORDERS_QUEUE = 'orders_queue';

/**
 * What becomes of one delivery of an order.
 *
 *   waiting ─> claiming ─> granted ─> running ─> ending ─> reporting ─> (gone)
 *      ^           │          │          └────────┴──> abandoned: reported, but the handler has not returned
 *      └───────────┴──────────┘ session dead
 */
class Work {
  state = 'waiting';
  held = true; // the order is neither settled nor gone with its connection
  execution = null;
  ticket = null;
  letter = null; // the claim
  final = null;
  inside = false; // the handler has not returned
  lost = false; // nothing of this execution counts any more
  cancelled = false; // a cancel was asked for before it started
  cause = null;
  abort = null;
  timers = [];
  repeat = null; // the timer of the claim's next repeat

  constructor(order, delivery) {
    this.mission = order.mission;
    this.seal = order.seal; // told with the mission, wherever that is told
    this.dispatchedAt = order.dispatched_at;
    this.delivery = delivery;
  }

  /** It has a slot from the claim to the end. */
  get slotted() {
    return this.state !== 'waiting' && this.state !== 'returning';
  }

  clearTimers() {
    for (const timer of this.timers) {
      clearTimeout(timer);
    }
    clearTimeout(this.repeat);
    this.timers = [];
  }
}

export class Soldier {
  #config;
  #handlers;
  #log;
  #broker;
  #renewer;

  #session = '';
  #leaseSentAt = Number.NEGATIVE_INFINITY; // when the last renewal was sent that was answered with a lease
  #demandedAt = null; // no claims until a renewal sent from then on is answered with a lease
  #leaseTimer = null;
  #tokenAt = Number.NEGATIVE_INFINITY; // when the last token came
  #tokenTimer = null;
  #inbox = null;
  #draining = false;
  #drainAsked; // taken by the first wish
  #changed = () => {}; // the drain waits for it

  #works = new Set();
  #byExecution = new Map();
  #finals = new Map(); // kept, by execution
  #outbox;

  #subscription = null; // the one that brings orders now
  #adjusting = null;
  #rationTimer = null;

  /**
   * @param {{id: string, slots: number, version: string, commanderUrls: string[], rabbitmqUrl: string,
   *   enrollmentKey: string, drainMs: number}} config
   * @param {Record<string, (mission: object, context: {signal: AbortSignal, run: number}) => Promise<unknown>>} handlers
   *   by kind. A handler returns its result, or throws. It must end soon after its signal was aborted.
   * @param {() => void} drainAsked is called once, when a commander asks the soldier to drain: stop it then
   */
  constructor(config, handlers, log, drainAsked) {
    this.#config = config;
    this.#handlers = new Map(Object.entries(handlers));
    this.#log = log;
    this.#drainAsked = drainAsked;
    this.#broker = new Broker(
      config.rabbitmqUrl,
      `soldier ${config.id}`,
      {
        up: (inbox) => this.#inboxUp(inbox),
        down: () => this.#inboxDown(),
        answers: (body) => this.#answers(body),
      },
      log,
    );
    this.#outbox = new Outbox(
      () => ({ token: this.#session === '' ? null : this.#renewer.token(this.#session), inbox: this.#inbox }),
      (message) => this.#broker.publish('status', message),
      log,
    );
    this.#renewer = new Renewer({
      urls: config.commanderUrls,
      key: config.enrollmentKey,
      soldier: {
        renewal: () => this.#renewal(),
        renewed: (asked, reply, sentAt) => this.#renewed(asked ?? '', reply, sentAt),
        tokenChanged: () => this.#outbox.flush(),
      },
      broker: this.#broker,
      log,
    });
  }

  start() {
    this.#broker.start();
    this.#renewer.start();
  }

  /** Drains [13]. Returns whether all was told. */
  async stop() {
    this.#draining = true;
    for (const work of [...this.#works]) {
      if (work.state === 'waiting') {
        this.#requeue(work);
      } else if (work.state === 'granted') {
        this.#report(work, { status: 'RELEASED' });
      }
    }
    this.#advance();
    let told = await this.#idle(this.#config.drainMs);
    if (!told) {
      for (const work of this.#works) {
        if (work.state === 'running') {
          this.#end(work, Cause.DRAINING);
        }
      }
      told = await this.#idle(SETTLE_MS);
    }
    clearTimeout(this.#leaseTimer);
    clearTimeout(this.#tokenTimer);
    clearTimeout(this.#rationTimer);
    for (const final of this.#finals.values()) {
      clearTimeout(final.timer);
    }
    for (const work of this.#works) {
      work.clearTimers();
    }
    await this.#renewer.stop();
    await this.#broker.stop();
    return told;
  }

  /** Waits until no claim is open, no handler's outcome is open, and every final is confirmed; false after ms. */
  async #idle(ms) {
    const idle = () => [...this.#works].every((w) => w.state === 'abandoned' && w.final.confirmed);
    let timer;
    const over = new Promise((resolve) => {
      timer = setTimeout(resolve, ms, true);
    });
    try {
      while (!idle()) {
        const change = new Promise((resolve) => {
          this.#changed = resolve;
        });
        if (await Promise.race([over, change])) {
          return false;
        }
      }
      return true;
    } finally {
      clearTimeout(timer);
    }
  }

  // --- the session [4, 10] ---

  #leaseYoung() {
    return this.#session !== '' && performance.now() - this.#leaseSentAt < LEASE_MS;
  }

  /** Whether a token came of late: over the broker a lease is renewed without one, and a claim can't be sent. */
  #tokenHeard() {
    return performance.now() - this.#tokenAt < LEASE_MS;
  }

  /** Asks for a renewal, and claims nothing before it is answered. */
  #demandRenewal() {
    this.#demandedAt = performance.now();
    this.#renewer.now();
  }

  #renewal() {
    const claims = [];
    const running = [];
    for (const work of this.#works) {
      const ref = { mission_id: work.mission.mission_id, execution: work.execution, run: work.ticket?.run };
      if (work.state === 'claiming' || work.state === 'granted') {
        claims.push(ref);
      } else if ((work.state === 'running' || work.state === 'ending') && !work.lost) {
        running.push(ref);
      }
    }
    const unrecorded = [...this.#finals.values()].map(({ ticket }) => ({
      mission_id: ticket.mission_id,
      execution: ticket.execution,
      run: ticket.run,
    }));
    return {
      soldier_id: this.#config.id,
      session: this.#session === '' ? undefined : this.#session,
      squads: ['default'],
      kinds: [...this.#handlers.keys()],
      slots: this.#config.slots,
      version: this.#config.version,
      inbox: this.#inbox ?? undefined,
      claims,
      running,
      unrecorded,
    };
  }

  #renewed(asked, reply, sentAt) {
    if (asked !== this.#session) {
      return Verdict.STALE;
    }
    if (reply.dead) {
      this.#die();
      return Verdict.DEAD;
    }
    if (reply.session !== asked) {
      if (asked !== '') {
        this.#die();
      }
      this.#session = reply.session;
      this.#log(`session ${reply.session}`);
    }
    this.#readReply(reply, sentAt);
    return Verdict.TAKEN;
  }

  /** What a reply by HTTP and one by the broker have in common. Without sentAt it renews no lease. */
  #readReply(reply, sentAt) {
    if (reply.token) {
      this.#tokenAt = performance.now();
      clearTimeout(this.#tokenTimer);
      this.#tokenTimer = setTimeout(() => this.#advance(), LEASE_MS + 1);
    }
    if (reply.lease && sentAt !== undefined) {
      this.#leaseSentAt = Math.max(this.#leaseSentAt, sentAt);
      if (this.#demandedAt !== null && sentAt >= this.#demandedAt) {
        this.#demandedAt = null;
      }
      clearTimeout(this.#leaseTimer);
      this.#leaseTimer = setTimeout(
        () => this.#advance(),
        this.#leaseSentAt + LEASE_MS - performance.now() + 1,
      );
    }
    if (reply.drain) {
      this.#askedToDrain();
    }
    for (const { execution, reason } of reply.stop ?? []) {
      this.#stopExecution(execution, reason);
    }
    for (const execution of reply.recorded ?? []) {
      this.#recorded(execution);
    }
    for (const ticket of reply.unlisted ?? []) {
      this.#handBack(ticket);
    }
    for (const execution of reply.show ?? []) {
      this.#show(this.#byExecution.get(execution));
    }
    this.#advance();
  }

  /** A commander asks for the drain [13]. */
  #askedToDrain() {
    this.#drainAsked?.();
    this.#drainAsked = undefined;
  }

  #die() {
    this.#log(`session ${this.#session} is dead`);
    this.#session = '';
    this.#leaseSentAt = Number.NEGATIVE_INFINITY;
    this.#demandedAt = performance.now();
    for (const work of [...this.#works]) {
      if (work.execution !== null) {
        this.#lose(work);
      }
    }
    for (const final of [...this.#finals.values()]) {
      this.#forget(final);
    }
    this.#outbox.dropOnce();
    this.#advance();
  }

  // --- the connection [5] ---

  #inboxUp(inbox) {
    this.#inbox = inbox;
    this.#demandedAt = performance.now();
    this.#renewer.connected(true);
    for (const work of this.#works) {
      if (work.state === 'claiming') {
        this.#outbox.send(work.letter);
      }
    }
    for (const final of this.#finals.values()) {
      this.#outbox.send(final.letter);
    }
    this.#outbox.flush(); // what waited for the connection
    this.#advance();
  }

  #inboxDown() {
    this.#inbox = null;
    this.#subscription = null;
    for (const work of [...this.#works]) {
      work.held = false;
      if (work.state === 'waiting' || work.state === 'returning') {
        this.#drop(work);
      }
    }
    this.#renewer.connected(false);
  }

  // --- orders [6] ---

  /**
   * How many orders may be on loan: the slots, less those that no order stands behind, because it was acked after 60 s or went
   * with its connection. None while nothing may be claimed for lack of a lease.
   */
  #ration() {
    if (this.#draining || this.#inbox === null || !this.#leaseYoung() || !this.#tokenHeard()) {
      return 0;
    }
    const without = [...this.#works].filter((work) => !work.held).length;
    return Math.max(this.#config.slots - without, 0);
  }

  /** Makes the subscription fit the ration: at once where there is to be none, or was none, else when it has settled. */
  #adjust() {
    const have = this.#subscription?.prefetch ?? 0;
    const want = this.#ration();
    if (this.#adjusting !== null || want === have) {
      return;
    }
    if (want > 0 && have > 0) {
      this.#rationTimer ??= setTimeout(() => {
        this.#rationTimer = null;
        if (this.#ration() !== this.#subscription?.prefetch) {
          this.#resubscribe();
        }
      }, RATION_SETTLES_MS);
      return;
    }
    this.#resubscribe();
  }

  #resubscribe() {
    this.#adjusting ??= this.#changeSubscription()
      .catch(() => {}) // the connections are made anew, and then it is tried again
      .finally(() => {
        this.#adjusting = null;
        this.#adjust();
      });
  }

  async #changeSubscription() {
    const old = this.#subscription;
    if (old !== null) {
      await old.cancel();
      if (this.#subscription === old) {
        this.#subscription = null;
      }
    }
    const prefetch = this.#ration();
    if (old !== null && prefetch < old.prefetch) {
      for (const work of [...this.#works]) {
        if (work.state === 'waiting') {
          this.#requeue(work);
        }
      }
    }
    if (prefetch === 0) {
      return;
    }
    const inbox = this.#inbox;
    const early = [];
    let made = null;
    const subscription = await this.#broker.subscribe(ORDERS_QUEUE, prefetch, (delivery) => {
      if (made === null) {
        early.push(delivery); // before we know the subscription that they belong to
      } else {
        this.#ordered(delivery);
      }
    });
    made = subscription;
    if (this.#inbox === inbox) {
      this.#subscription = subscription;
      for (const delivery of early) {
        this.#ordered(delivery);
      }
    }
  }

  #ordered(delivery) {
    const order = readOrder(delivery.body);
    if (order === null) {
      this.#log('an order can not be read, it goes to orders_dead_queue');
      delivery.deadLetter();
      return;
    }
    if (this.#draining) {
      delivery.requeue();
      return;
    }
    const work = new Work(order, delivery);
    this.#works.add(work);
    if (!this.#handlers.has(work.mission.kind)) {
      this.#log(`mission ${work.mission.mission_id} is of kind ${work.mission.kind}, for which there is no handler`);
      work.state = 'returning';
      work.letter = new Letter(
        'no-handler',
        {
          status: 'NO_HANDLER',
          mission_id: work.mission.mission_id,
          attempt: work.mission.attempt,
          redelivered: delivery.redelivered || undefined,
          mission: work.mission,
          seal: work.seal,
        },
        performance.now(),
        () => {
          this.#ack(work);
          this.#drop(work);
        },
      );
      this.#outbox.send(work.letter);
      return;
    }
    this.#advance();
  }

  #ack(work) {
    if (work.held) {
      work.held = false;
      work.delivery.ack();
    }
  }

  #requeue(work) {
    if (work.held) {
      work.held = false;
      work.delivery.requeue();
    }
    this.#drop(work);
  }

  #drop(work) {
    if (work.letter !== null) {
      work.letter.void = true;
    }
    work.clearTimers();
    this.#works.delete(work);
    this.#changed();
  }

  /** Claims and starts what may be claimed and started now. */
  #advance() {
    if (this.#leaseYoung()) {
      for (const work of [...this.#works]) {
        if (work.state === 'granted') {
          this.#run(work);
        }
      }
    }
    for (const work of this.#works) {
      if (work.state === 'waiting' && this.#mayClaim()) {
        this.#claim(work);
      }
    }
    this.#adjust();
  }

  #mayClaim() {
    if (this.#draining || this.#inbox === null || this.#demandedAt !== null || !this.#leaseYoung() || !this.#tokenHeard()) {
      return false;
    }
    let slots = 0;
    let open = 0; // executions without a final
    for (const work of this.#works) {
      if (work.slotted) {
        slots++;
        open += work.final === null ? 1 : 0;
      }
    }
    return slots < this.#config.slots && this.#finals.size + open < KEPT_PER_SLOT * this.#config.slots;
  }

  // --- claims [7, 8] ---

  #claim(work) {
    work.state = 'claiming';
    work.execution = randomBytes(16).toString('hex');
    work.ticket = null;
    work.final = null;
    work.lost = false;
    work.cancelled = false;
    work.cause = null;
    this.#byExecution.set(work.execution, work);
    const letter = new Letter(
      'claim',
      {
        status: 'IN_PROGRESS',
        mission_id: work.mission.mission_id,
        attempt: work.mission.attempt,
        execution: work.execution,
        redelivered: work.delivery.redelivered || undefined,
        dispatched_at: work.dispatchedAt,
      },
      performance.now(),
      () => {
        clearTimeout(work.repeat);
        work.repeat = setTimeout(() => this.#outbox.send(letter), CLAIM_REPEAT_MS);
      },
    );
    work.letter = letter;
    this.#outbox.send(letter);
  }

  /** Ends the execution of a work; its order, if it is still held, is claimed anew. */
  #restart(work) {
    work.clearTimers();
    work.letter.void = true;
    this.#byExecution.delete(work.execution);
    work.execution = null;
    if (!work.held) {
      this.#drop(work);
    } else if (this.#draining) {
      this.#requeue(work);
    } else {
      work.state = 'waiting';
      work.final = null;
    }
    this.#changed();
  }

  #answers(body) {
    let pack;
    try {
      pack = JSON.parse(body.toString());
    } catch {
      pack = null;
    }
    if (pack?.v !== 1 || pack.type !== 'answers' || !Array.isArray(pack.answers)) {
      this.#log('an answer can not be read, left out');
      return;
    }
    for (const answer of pack.answers) {
      this.#answer(answer);
    }
    this.#advance();
  }

  #answer(answer) {
    const work = this.#byExecution.get(answer.execution);
    const asked = work?.state === 'claiming' || work?.state === 'granted';
    switch (answer.type) {
      case 'granted':
        if (work?.state === 'claiming') {
          this.#granted(work, answer.ticket);
        }
        break;
      case 'refused':
        if (asked) {
          this.#byExecution.delete(work.execution);
          this.#ack(work);
          this.#drop(work);
        }
        break;
      case 'session_dead':
        if (asked) {
          this.#lose(work);
          this.#demandRenewal();
        }
        break;
      case 'show':
        this.#show(work);
        break;
      case 'recorded':
        this.#recorded(answer.execution);
        break;
      case 'stop':
        this.#stopExecution(answer.execution, answer.reason);
        break;
      case 'drain':
        this.#askedToDrain();
        break;
      case 'renewed':
        this.#renewedOverBroker(answer.renewal);
        break;
      default: // ping, marker, and what later releases say
    }
  }

  #renewedOverBroker(reply) {
    if (reply === undefined || this.#session === '' || reply.session !== this.#session) {
      return;
    }
    const sentAt = this.#renewer.sentAt(reply.seq);
    if (reply.dead) {
      this.#die();
      this.#renewer.now();
      return;
    }
    this.#readReply(reply, sentAt);
  }

  #granted(work, ticket) {
    if (
      ticket?.mission_id !== work.mission.mission_id ||
      ticket.attempt !== work.mission.attempt ||
      ticket.execution !== work.execution ||
      ticket.session !== this.#session
    ) {
      return;
    }
    work.clearTimers();
    work.letter.void = true;
    work.state = 'granted';
    work.ticket = ticket;
    work.cancelled ||= ticket.cancel === true;
    if (work.cancelled) {
      this.#run(work);
    } else if (this.#draining) {
      this.#report(work, { status: 'RELEASED' });
    }
    // else #advance starts it, as soon as the lease is young
  }

  #handBack(ticket) {
    const known = this.#byExecution.has(ticket.execution) || this.#finals.has(ticket.execution);
    if (known || ticket.session !== this.#session) {
      return;
    }
    const update = {
      status: 'RELEASED',
      mission_id: ticket.mission_id,
      attempt: ticket.attempt,
      execution: ticket.execution,
      ticket,
    };
    this.#outbox.send(new Letter('hand-back', update, performance.now(), () => {}));
  }

  // --- a commander's store was wiped [8, 11] ---

  /** The commander does not know the mission: it is told the order's mission, and the ticket where there is one. */
  #show(work) {
    if (work?.state === 'claiming') {
      if (work.letter.update.mission === undefined) {
        work.letter.say({ ...work.letter.update, mission: work.mission, seal: work.seal });
        this.#outbox.send(work.letter);
      }
    } else if ((work?.state === 'running' || work?.state === 'ending') && !work.lost) {
      const { ticket, mission, seal } = work;
      const update = {
        status: 'IN_PROGRESS',
        mission_id: ticket.mission_id,
        attempt: ticket.attempt,
        execution: ticket.execution,
        ticket,
        mission,
        seal,
      };
      this.#outbox.send(new Letter('show', update, performance.now(), () => {}));
    }
  }

  // --- running [9, 11] ---

  #run(work) {
    if (work.cancelled) {
      this.#report(work, failed('cancelled', 'cancelled before the handler started'));
      return;
    }
    work.state = 'running';
    work.inside = true;
    work.abort = new AbortController();
    work.timers.push(
      setTimeout(() => this.#end(work, Cause.TIMEOUT), work.mission.timeout_seconds * 1000),
      setTimeout(() => {
        this.#ack(work);
        this.#adjust();
      }, ACK_RUNNING_MS),
    );
    const { mission, abort, ticket } = work;
    const context = { signal: abort.signal, run: ticket.run };
    Promise.resolve()
      .then(() => this.#handlers.get(mission.kind)(mission, context))
      .then(
        (result) => this.#returned(work, completed(result)),
        (err) => this.#returned(work, ending(work.cause, err)),
      );
  }

  /** Tells the handler to end. */
  #end(work, cause) {
    if (work.state !== 'running') {
      return;
    }
    work.state = 'ending';
    work.cause = cause;
    work.timers.push(setTimeout(() => this.#giveUp(work), END_GRACE_MS));
    work.abort.abort(cause);
  }

  /** Reports a mission whose handler ignores that it was told to end. */
  #giveUp(work) {
    if (work.state !== 'ending' || work.lost) {
      return;
    }
    if (work.cause === Cause.TIMEOUT) {
      this.#report(work, failed('timeout', 'the handler ran past timeout_seconds and ignored its signal'));
    } else if (work.cause === Cause.CANCELLED) {
      this.#report(work, failed('cancelled', 'the handler ignored the cancellation for 10 s'));
    }
  }

  #returned(work, end) {
    work.inside = false;
    if (work.state === 'abandoned') {
      if (work.lost || work.final.confirmed) {
        this.#restart(work);
      } else {
        work.state = 'reporting';
      }
    } else if (work.lost) {
      this.#restart(work);
    } else {
      this.#report(work, end);
    }
    this.#changed();
    this.#advance();
  }

  #report(work, end) {
    work.clearTimers();
    work.letter.void = true;
    work.state = work.inside ? 'abandoned' : 'reporting';
    const { ticket } = work;
    const mission = end.status === 'COMPLETED' ? { ...work.mission, payload: undefined } : work.mission;
    const final = { execution: ticket.execution, ticket, work, confirmed: false, timer: null, letter: null };
    final.letter = new Letter(
      'final',
      {
        ...end,
        mission_id: ticket.mission_id,
        attempt: ticket.attempt,
        execution: ticket.execution,
        ticket,
        mission,
        seal: work.seal,
      },
      performance.now(),
      () => {
        clearTimeout(final.timer);
        final.timer = setTimeout(() => this.#outbox.send(final.letter), FINAL_REPEAT_MS);
        this.#confirmed(final);
      },
    );
    work.final = final;
    this.#finals.set(final.execution, final);
    this.#log(`mission ${ticket.mission_id}, run ${ticket.run}: ${end.status} ${end.error?.code ?? ''}`);
    this.#outbox.send(final.letter);
  }

  /** The broker, or a commander, has the final: the order is acked, and the slot is free once the handler has returned. */
  #confirmed(final) {
    final.confirmed = true;
    const { work } = final;
    if (work === null) {
      return;
    }
    final.work = null;
    this.#ack(work);
    if (!work.inside) {
      this.#restart(work);
    }
    this.#changed();
    this.#advance();
  }

  #recorded(execution) {
    const final = this.#finals.get(execution);
    if (final !== undefined) {
      this.#confirmed(final);
      this.#forget(final);
    }
  }

  #forget(final) {
    clearTimeout(final.timer);
    final.letter.void = true;
    if (this.#finals.get(final.execution) === final) {
      this.#finals.delete(final.execution);
    }
  }

  #stopExecution(execution, reason) {
    const work = this.#byExecution.get(execution);
    const final = this.#finals.get(execution);
    if (reason === 'superseded') {
      if (work !== undefined && work.state !== 'claiming') {
        this.#lose(work);
      } else if (work === undefined && final !== undefined) {
        this.#forget(final);
      }
    } else if (reason === 'cancelled' && work !== undefined) {
      if (work.state === 'claiming') {
        work.cancelled = true;
      } else if (work.state === 'granted') {
        work.cancelled = true;
        this.#run(work);
      } else if (work.state === 'running') {
        this.#end(work, Cause.CANCELLED);
      }
    }
  }

  /** The execution does not count any more. */
  #lose(work) {
    work.lost = true;
    switch (work.state) {
      case 'claiming':
      case 'granted':
        this.#restart(work);
        break;
      case 'running':
        this.#end(work, Cause.SUPERSEDED);
        break;
      case 'reporting':
        this.#forget(work.final);
        this.#restart(work);
        break;
      case 'abandoned':
        this.#forget(work.final);
        break;
      default: // it is ending already
    }
  }
}
