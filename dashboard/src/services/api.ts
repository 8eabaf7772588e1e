// The edge: every call to the commander goes through here, every answer is parsed
// here, and every failure leaves as one ApiError that says what to do.

import { z } from 'zod';
import { address } from '@/settings';
import { learnClock } from './clock';

const BASE = address('api');

const problemSchema = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  code: z.string().optional(),
  instance: z.string().optional(),
  mission_id: z.string().optional(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
});

export interface FieldError {
  field: string;
  message: string;
}

/** What went wrong: the commander refused, no answer came, or the answer made no sense. */
export type FailureKind = 'problem' | 'network' | 'shape';

export class ApiError extends Error {
  readonly kind: FailureKind;
  /** HTTP status; 0 when there was none. */
  readonly status: number;
  /** The stable code of the problem, as in `commander_unreachable`. */
  readonly code: string;
  readonly fieldErrors: FieldError[];
  /** Names the request, to be quoted when the failure is reported. */
  readonly instance?: string;
  /** Of unique_key_taken: the mission that has the key. */
  readonly missionId?: string;

  constructor(failure: {
    kind: FailureKind;
    status: number;
    code: string;
    message: string;
    fieldErrors?: FieldError[];
    instance?: string;
    missionId?: string;
  }) {
    super(failure.message);
    this.name = 'ApiError';
    this.kind = failure.kind;
    this.status = failure.status;
    this.code = failure.code;
    this.fieldErrors = failure.fieldErrors ?? [];
    this.instance = failure.instance;
    this.missionId = failure.missionId;
  }

  /** True when the same request may succeed a moment later. */
  get mayPass(): boolean {
    return this.kind === 'network' || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

interface Call<S extends z.ZodType> {
  path: string;
  /** An answer without a body is undefined to it. */
  schema: S;
  signal?: AbortSignal;
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: unknown;
  headers?: Record<string, string>;
  /** Statuses past 2xx whose body is still of this schema. */
  alsoAccept?: number[];
}

export async function call<S extends z.ZodType>(c: Call<S>): Promise<z.output<S>> {
  const response = await send(c);
  const text = await readText(response);
  if (!response.ok && !c.alsoAccept?.includes(response.status)) {
    throw asProblem(response, text);
  }
  const parsed = c.schema.safeParse(asJSON(text));
  if (!parsed.success) {
    if (!response.ok) {
      throw asProblem(response, text);
    }
    console.error(`unexpected answer to ${c.method ?? 'GET'} ${c.path}`, z.prettifyError(parsed.error));
    throw new ApiError({
      kind: 'shape',
      status: response.status,
      code: 'unexpected_answer',
      message:
        'The commander answered in a form that this page does not know. Reload the page; if that does not help, the dashboard and the commander are of different versions.',
    });
  }
  return parsed.data;
}

async function send(c: Call<z.ZodType>): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...c.headers };
  if (c.body !== undefined) {
    headers['Content-Type'] = 'application/json';
  }
  const sentAt = Date.now();
  try {
    const response = await fetch(BASE + c.path, {
      method: c.method ?? 'GET',
      headers,
      body: c.body === undefined ? undefined : JSON.stringify(c.body),
      signal: c.signal,
      cache: 'no-store',
    });
    learnClock(response, sentAt);
    return response;
  } catch (cause) {
    throw unlessAborted(cause, c.signal);
  }
}

async function readText(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (cause) {
    throw unlessAborted(cause, undefined);
  }
}

function unlessAborted(cause: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted || (cause instanceof DOMException && cause.name === 'AbortError')) {
    return cause;
  }
  return new ApiError({
    kind: 'network',
    status: 0,
    code: 'dashboard_unreachable',
    message: "The dashboard's server does not answer. Check that it runs and that this machine is connected.",
  });
}

function asProblem(response: Response, text: string): ApiError {
  const parsed = problemSchema.safeParse(asJSON(text));
  const problem = parsed.success ? parsed.data : {};
  return new ApiError({
    kind: 'problem',
    status: response.status,
    code: problem.code ?? `http_${response.status}`,
    message: problem.detail ?? problem.title ?? `The commander answered with status ${response.status}.`,
    fieldErrors: problem.errors,
    instance: problem.instance,
    missionId: problem.mission_id,
  });
}

function asJSON(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A time on the wire (RFC 3339) as milliseconds since 1970. */
export const wireTime = z.string().transform((value, ctx) => {
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) {
    ctx.addIssue({ code: 'custom', message: `not a time: ${value}` });
    return z.NEVER;
  }
  return ms;
});
