import Type, { type Static } from 'typebox';
import { type Interval, intervalSeconds } from '../../datasets/market/bar-read.ts';
import { OneOf } from '../../runtime/http.ts';
import type { ProblemPart } from '../../runtime/http-problem.ts';
import { createValidator } from '../../runtime/http-validation.ts';

/** The lengths that candles have. */
const candleIntervals = Object.keys(intervalSeconds) as Interval[];

export const channels = ['book', 'trades', 'ticker', 'candles'] as const;
export type Channel = (typeof channels)[number];

const closed = { additionalProperties: false };
const id = Type.Optional(
  Type.Union([Type.String({ maxLength: 64 }), Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })]),
);
const subscription = {
  id,
  channel: OneOf(channels),
  symbols: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 1000 }),
  interval: Type.Optional(OneOf(candleIntervals)),
};

const forms = {
  subscribe: Type.Object(
    {
      op: Type.Literal('subscribe'),
      ...subscription,
      resume: Type.Optional(Type.Record(Type.String(), Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }))),
    },
    closed,
  ),
  unsubscribe: Type.Object({ op: Type.Literal('unsubscribe'), ...subscription }, closed),
  ping: Type.Object({ op: Type.Literal('ping'), id }, closed),
};

export type ClientMessage = Static<(typeof forms)[keyof typeof forms]>;
export type Subscribe = Static<typeof forms.subscribe>;
export type Unsubscribe = Static<typeof forms.unsubscribe>;

/** What cannot be done, and why: sent back instead of an ack. */
export interface Refusal {
  readonly id: string | number | null;
  readonly code: string;
  readonly detail: string;
  readonly near?: readonly string[];
}

const operations = Object.keys(forms);
const checks = new Map(Object.entries(forms).map(([op, form]) => [op, createValidator(form, 'body')]));

/** Reads what a client sent. Never throws: what is no message of the protocol comes back as a refusal. */
export function parseClientMessage(text: string): { message: ClientMessage } | { refusal: Refusal } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { refusal: { id: null, code: 'invalid-message', detail: 'it is no JSON' } };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { refusal: { id: null, code: 'invalid-message', detail: 'it is no JSON object' } };
  }
  const given: unknown = Reflect.get(value, 'id');
  const id =
    (typeof given === 'string' && given.length <= 64) || Number.isSafeInteger(given) ? (given as string) : null;
  const op: unknown = Reflect.get(value, 'op');
  const check = typeof op === 'string' ? checks.get(op) : undefined;
  if (check === undefined) {
    return { refusal: { id, code: 'invalid-message', detail: `op: must be one of ${operations.join(', ')}` } };
  }
  const checked = check(value);
  if ('error' in checked) {
    return { refusal: { id, code: 'invalid-message', detail: detailOf(checked.error.problem.errors ?? []) } };
  }
  const message = checked.value as ClientMessage;
  if (message.op === 'subscribe' || message.op === 'unsubscribe') {
    if (message.channel === 'candles' && message.interval === undefined)
      return {
        refusal: { id, code: 'invalid-message', detail: `interval: candles need one of ${candleIntervals.join(', ')}` },
      };
    if (message.channel !== 'candles' && message.interval !== undefined)
      return { refusal: { id, code: 'invalid-message', detail: 'interval: it is for the channel candles only' } };
  }
  if (message.op === 'subscribe' && message.resume !== undefined && message.channel !== 'book')
    return { refusal: { id, code: 'invalid-message', detail: 'resume: it is for the channel book only' } };
  return { message };
}

function detailOf(errors: readonly ProblemPart[]): string {
  return errors.map(({ pointer, detail }) => `${(pointer ?? '#').slice(2) || 'message'}: ${detail}`).join('; ');
}
