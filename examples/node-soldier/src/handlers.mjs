// What this soldier can do. Put your own kinds here.

import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from './messages.mjs';

export const handlers = {
  /**
   * Waits for payload.seconds (default 0), then gives payload.text back, or fails with payload.fail.
   *
   * A handler gets the mission as the order has it, and a context: `signal` is aborted when it must end (signal.reason says
   * why), and `run` only grows from run to run of a mission, so that a late writer can be told apart.
   */
  async echo(mission, { signal, run }) {
    const { seconds = 0, text = '', fail } = mission.payload ?? {};
    if (typeof seconds !== 'number' || !(seconds >= 0) || seconds > 86_400) {
      throw new Failure('invalid_payload', 'seconds must be a number, 0 to 86400');
    }
    await sleep(seconds * 1000, undefined, { signal });
    if (fail !== undefined) {
      throw new Failure('asked_to_fail', String(fail));
    }
    return { text, run, node: process.version };
  },
};
