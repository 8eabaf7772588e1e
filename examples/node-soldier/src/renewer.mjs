// The session's token and lease: sections 4 and 12 of docs/protocol.md. It carries; what a reply means for missions is the
// soldier's matter.

import { setTimeout as sleep } from 'node:timers/promises';

const POST_MS = 4_000;
const RENEW_MS = 25_000;
const HURRY_MS = 2_000;
const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 2_000;
const BROKER_EVERY_MS = 5_000;
const LEASE_MS = 35_000;

/** What the soldier does with a reply. */
export const Verdict = Object.freeze({ TAKEN: 'taken', DEAD: 'dead', STALE: 'stale' });

/**
 * soldier.renewal(): what a renewal says now. soldier.renewed(asked, reply, sentAt): takes a reply, returns a Verdict.
 * soldier.tokenChanged(): there is a new token.
 */
export class Renewer {
  #urls;
  #key;
  #soldier;
  #broker;
  #log;
  #stopping = new AbortController();
  #loops = [];
  #wake = () => {};
  #kicked = true;
  #connected = false;
  #preferred = 0;
  #token = null; // {raw, session, issuedAt, askedAt, livesMs}
  #failing = false;
  #lastMessageAt = Number.NEGATIVE_INFINITY;
  #messageTimer = null;
  #seq = 0; // of the last renewal, over HTTP or the broker
  #asked = new Map(); // by seq: when that renewal went over the broker
  #said = '';

  constructor({ urls, key, soldier, broker, log }) {
    this.#urls = urls;
    this.#key = key;
    this.#soldier = soldier;
    this.#broker = broker;
    this.#log = log;
  }

  start() {
    this.#loops = [this.#run()];
  }

  async stop() {
    this.#stopping.abort();
    clearTimeout(this.#messageTimer);
    this.#wake();
    await Promise.all(this.#loops);
  }

  /** Renews at once, by a call that is made up after this. */
  now() {
    this.#kicked = true;
    this.#wake();
  }

  /** The broker connection is there, or gone: either is a reason to renew at once. */
  connected(is) {
    this.#connected = is;
    this.now();
    if (is && this.#failing) {
      this.#renewOverBroker();
    }
  }

  /** The token to speak with for this session, or null. */
  token(session) {
    const t = this.#token;
    return t !== null && t.session === session && performance.now() - t.askedAt < t.livesMs ? t : null;
  }

  async #run() {
    let failures = 0;
    let changes = 0;
    while (!this.#stopping.signal.aborted) {
      this.#kicked = false;
      const began = performance.now();
      const outcome = await this.#round();
      let wait;
      switch (outcome.kind) {
        case 'leased': {
          failures = 0;
          changes = 0;
          const after = this.#connected ? Math.min(RENEW_MS, (outcome.livesMs * 5) / 6) : HURRY_MS;
          wait = outcome.sentAt + after - performance.now();
          break;
        }
        case 'leaseless':
          failures = 0;
          wait = began + HURRY_MS - performance.now();
          break;
        case 'again': // the session has changed: ask anew, without it
          if (++changes < 3) {
            continue;
          }
          changes = 0;
          wait = RETRY_MAX_MS;
          break;
        default:
          wait = Math.min(RETRY_MIN_MS * 2 ** failures++, RETRY_MAX_MS);
      }
      await this.#pause(wait, outcome.kind === 'failed');
    }
  }

  /** Waits, and no longer than until now() is called; after a failure the wait, which is short, is kept. */
  async #pause(ms, failed) {
    if (this.#kicked && !failed) {
      return;
    }
    const woken = new AbortController();
    this.#wake = () => {
      if (!failed || this.#stopping.signal.aborted) {
        woken.abort();
      }
    };
    await sleep(Math.max(ms, 0), undefined, { signal: woken.signal }).catch(() => {});
    this.#wake = () => {};
  }

  /** Asks the commanders in turn until one renews the lease. */
  async #round() {
    let spare = null;
    for (let i = 0; i < this.#urls.length; i++) {
      const at = (this.#preferred + i) % this.#urls.length;
      const renewal = { ...this.#soldier.renewal(), seq: ++this.#seq };
      const sentAt = performance.now();
      let reply;
      try {
        reply = await this.#post(this.#urls[at], renewal);
      } catch (err) {
        if (this.#stopping.signal.aborted) {
          return { kind: 'failed' };
        }
        this.#say(`no renewal from ${this.#urls[at]}, trying on: ${err.message}`);
        this.#failing = true;
        this.#renewOverBroker();
        continue;
      }
      const verdict = this.#soldier.renewed(renewal.session, reply, sentAt);
      if (verdict !== Verdict.TAKEN) {
        return { kind: 'again' };
      }
      const livesMs = reply.expires_in * 1000;
      this.#token = {
        raw: reply.token,
        session: reply.session,
        issuedAt: issueTime(reply.token),
        askedAt: sentAt,
        livesMs,
      };
      this.#soldier.tokenChanged();
      if (reply.lease) {
        this.#preferred = at;
        this.#failing = false;
        this.#say(`lease renewed by ${this.#urls[at]}`);
        return { kind: 'leased', sentAt, livesMs };
      }
      spare = { kind: 'leaseless' };
    }
    if (spare !== null) {
      this.#say('no commander can renew the lease: its store is away, trying on');
      return spare;
    }
    return { kind: 'failed' };
  }

  async #post(url, renewal) {
    const response = await fetch(`${url}/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#key}` },
      body: JSON.stringify(renewal),
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(POST_MS), this.#stopping.signal]),
    });
    const text = await response.text();
    let body;
    try {
      body = JSON.parse(text);
    } catch {
      throw new Error(`it answered ${response.status} without JSON`);
    }
    if (response.status === 422 && body.errors?.some((e) => e.field === 'session')) {
      this.#say(`${url} says that the session is another soldier's: do two processes have this SOLDIER_ID?`);
      return { session: renewal.session, lease: false, dead: true };
    }
    if (!response.ok) {
      throw new Error(
        `it answered ${response.status} ${body.code ?? ''}: ${body.detail ?? 'without a reason'}`,
      );
    }
    if (body.dead !== true && !(body.token && body.session && body.expires_in > 0)) {
      throw new Error('its reply lacks token, session or expires_in');
    }
    if (body.token) {
      issueTime(body.token);
    }
    return body;
  }

  /** Sends a renewal to status_queue, and one every 5 s while HTTP fails. */
  #renewOverBroker() {
    if (this.#messageTimer !== null || !this.#failing || this.#stopping.signal.aborted) {
      return;
    }
    const wait = Math.max(this.#lastMessageAt + BROKER_EVERY_MS - performance.now(), 0);
    this.#messageTimer = setTimeout(() => {
      this.#messageTimer = null;
      if (!this.#failing) {
        return;
      }
      const renewal = { ...this.#soldier.renewal(), seq: ++this.#seq };
      const token = this.#token;
      if (token !== null && token.session === renewal.session && renewal.inbox !== undefined) {
        const now = performance.now();
        this.#lastMessageAt = now;
        for (const [seq, at] of this.#asked) {
          if (now - at >= LEASE_MS) {
            this.#asked.delete(seq); // no lease would be young by its answer
          }
        }
        this.#asked.set(renewal.seq, now);
        const message = { v: 1, type: 'renewal', token: token.raw, renewal };
        this.#broker.publish('renewal', message, { expirationMs: LEASE_MS }).catch(() => {}); // the next one follows in 5 s
      } else {
        this.#lastMessageAt = performance.now(); // nothing to say it with now; look again then
      }
      this.#renewOverBroker();
    }, wait);
  }

  /** When the renewal over the broker with this number was sent; undefined where there was none. */
  sentAt(seq) {
    const at = this.#asked.get(seq);
    this.#asked.delete(seq);
    return at;
  }

  /** A line in the log where it is news. */
  #say(text) {
    if (text !== this.#said) {
      this.#said = text;
      this.#log(text);
    }
  }
}

/** iat of a token, in milliseconds. */
function issueTime(token) {
  const { iat } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  if (!(iat > 0)) {
    throw new Error('its token has no iat');
  }
  return iat * 1000;
}

/** A reading of this process's monotonic clock as the commanders' time, by a token. */
export function commandersTime(token, at) {
  return new Date(token.issuedAt + (at - token.askedAt)).toISOString();
}
