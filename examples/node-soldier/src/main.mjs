// Reads the settings, starts a soldier, and drains it on SIGTERM or SIGINT, or where a commander asks for it; a second signal ends
// it at once.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { handlers } from './handlers.mjs';
import { Soldier } from './soldier.mjs';

/** A setting that is wrong: its text is for whoever starts the program. */
class SettingError extends Error {}

/** A secret, given as NAME or as NAME_FILE, a path. */
function secret(name) {
  const { [name]: value, [`${name}_FILE`]: path } = process.env;
  if (value && path) {
    throw new SettingError(`${name} and ${name}_FILE are both set: set one of them`);
  }
  if (!path) {
    return value?.trim();
  }
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (err) {
    throw new SettingError(`${name}_FILE can not be read: ${err.message}`);
  }
}

function number(name, fallback, min, max) {
  const n = Number(process.env[name] || fallback);
  if (!Number.isInteger(n) || n < min || n > max) {
    throw new SettingError(
      `${name} is ${JSON.stringify(process.env[name])}, must be a whole number, ${min} to ${max}`,
    );
  }
  return n;
}

function url(name, value, schemes) {
  let scheme;
  try {
    scheme = new URL(value).protocol;
  } catch {
    scheme = '';
  }
  if (!schemes.includes(scheme)) {
    throw new SettingError(
      `${name} must be an address that starts with ${schemes.map((s) => `${s}//`).join(' or ')}`,
    );
  }
  return value.replace(/\/+$/, '');
}

function settings() {
  const enrollmentKey = secret('SOLDIER_ENROLLMENT_KEY');
  if (!enrollmentKey) {
    throw new SettingError(
      'SOLDIER_ENROLLMENT_KEY or SOLDIER_ENROLLMENT_KEY_FILE must be set: the key that the commander was started with',
    );
  }
  const host = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9._-]/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 40);
  const id = process.env.SOLDIER_ID || `${host || 'node'}-${randomBytes(4).toString('hex')}`;
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(id)) {
    throw new SettingError(
      `SOLDIER_ID is ${JSON.stringify(id)}, must be 1 to 64 of a-z, 0-9, '.', '_' and '-', and start with a letter or digit`,
    );
  }
  const commanders = (process.env.COMMANDER_URL || 'http://127.0.0.1:8080').split(',').map((s) => s.trim());
  return {
    id,
    version: 'node-soldier/0.0.0',
    slots: number('SOLDIER_SLOTS', 4, 1, 10_000),
    drainMs: 1000 * number('SOLDIER_DRAIN_SECONDS', 30, 0, 3600),
    enrollmentKey,
    commanderUrls: commanders.map((u) => url('COMMANDER_URL', u, ['http:', 'https:'])),
    rabbitmqUrl: url('RABBITMQ_URL', secret('RABBITMQ_URL') || 'amqp://127.0.0.1:5672', ['amqp:', 'amqps:']),
  };
}

function log(text) {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}

let draining = false;
let soldier;
try {
  const config = settings();
  soldier = new Soldier(config, handlers, log, () => drain('a commander asks for it'));
  log(`soldier ${config.id}: kinds ${Object.keys(handlers).join(', ')}, ${config.slots} slots`);
} catch (err) {
  if (!(err instanceof SettingError)) {
    throw err;
  }
  log(err.message);
  process.exit(2);
}
soldier.start();

async function drain(why) {
  if (draining) {
    return;
  }
  draining = true;
  log(`${why}: draining`);
  const told = await soldier.stop();
  log(told ? 'stopped' : 'stopped with work unfinished: it runs again elsewhere once the lease is over');
  process.exit(told ? 0 : 1);
}

let signals = 0;
const onSignal = (signal) => {
  if (++signals > 1) {
    log(`${signal} again: ending at once`);
    process.exit(1);
  }
  drain(signal);
};
process.on('SIGTERM', onSignal);
process.on('SIGINT', onSignal);
