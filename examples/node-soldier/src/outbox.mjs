// What waits to be sent to status_queue, in packs, one at a time: sections 2 and 7 of docs/protocol.md.

import { commandersTime } from './renewer.mjs';

const MAX_UPDATES = 64;
const MAX_PACK_BYTES = 768 << 10;
const SEND_RETRY_MIN_MS = 100;
const SEND_RETRY_MAX_MS = 2_000;

/** Letters that are sent once: what was lost is asked for again. */
const ONCE = ['hand-back', 'show'];

/** One status update on its way to status_queue [7]. It is sent whenever asked for, until it is void. */
export class Letter {
  queued = false;
  inFlight = false;
  again = false;
  void = false;

  constructor(kind, update, madeAt, confirmed) {
    this.kind = kind;
    this.madeAt = madeAt;
    this.confirmed = confirmed;
    this.say(update);
  }

  /** From now on the letter says this. */
  say(update) {
    this.update = update;
    this.size = Buffer.byteLength(JSON.stringify(update)) + 64;
  }
}

export class Outbox {
  #speaker;
  #publish;
  #log;
  #letters = [];
  #busy = false;
  #failures = 0;

  /**
   * speaker(): the {token, inbox} to send with now, either of them null where there is none.
   * publish(message): fulfilled once the broker has the message.
   */
  constructor(speaker, publish, log) {
    this.#speaker = speaker;
    this.#publish = publish;
    this.#log = log;
  }

  /** Gives up what waits to be sent once. */
  dropOnce() {
    for (const letter of this.#letters) {
      letter.void ||= ONCE.includes(letter.kind);
    }
  }

  /** Sends the letter, once. */
  send(letter) {
    if (letter.void || letter.queued) {
      return;
    }
    if (letter.inFlight) {
      letter.again = true;
      return;
    }
    letter.queued = true;
    this.#letters.push(letter);
    this.flush();
  }

  /** Publishes what waits, one pack after the other, for as long as there is a token to speak with. */
  async flush() {
    if (this.#busy) {
      return;
    }
    this.#busy = true;
    try {
      for (;;) {
        const { token, inbox } = this.#speaker();
        const letters = token === null || inbox === null ? [] : this.#take();
        if (letters.length === 0) {
          return;
        }
        const message = {
          v: 1,
          type: 'status',
          token: token.raw,
          sent_at: commandersTime(token, performance.now()),
          inbox,
          updates: letters.map((l) => ({ ...l.update, made_at: commandersTime(token, l.madeAt) })),
        };
        const err = await this.#publish(message).then(
          () => null,
          (e) => e,
        );
        this.#sent(letters, err);
        if (err === null) {
          this.#failures = 0;
        } else {
          if (this.#failures === 0) {
            this.#log(`updates wait: ${err.message}`);
          }
          const wait = Math.min(SEND_RETRY_MIN_MS * 2 ** this.#failures++, SEND_RETRY_MAX_MS);
          await new Promise((resolve) => setTimeout(resolve, wait));
        }
      }
    } finally {
      this.#busy = false;
    }
  }

  /** Takes as many letters from the outbox as one message may hold, in order. */
  #take() {
    const letters = [];
    let bytes = 0;
    while (this.#letters.length > 0) {
      const letter = this.#letters[0];
      if (!letter.void) {
        const full = letters.length === MAX_UPDATES || bytes + letter.size > MAX_PACK_BYTES;
        if (letters.length > 0 && full) {
          break;
        }
        bytes += letter.size;
        letter.inFlight = true;
        letter.again = false;
        letters.push(letter);
      }
      letter.queued = false;
      this.#letters.shift();
    }
    return letters;
  }

  #sent(letters, err) {
    for (const letter of letters) {
      letter.inFlight = false;
      if (letter.void) {
        continue;
      }
      if (err !== null) {
        if (!ONCE.includes(letter.kind)) {
          letter.queued = true;
          this.#letters.push(letter);
        }
        continue;
      }
      letter.confirmed();
      if (letter.again) {
        this.send(letter);
      }
    }
  }
}
