import Type, { type Static, type TProperties, type TSchema } from 'typebox';
import type { ProblemPart } from '../http-problem.ts';
import { createValidator } from '../http-validation.ts';

/** What a client may call its message, to know the answer by. */
export const messageId = Type.Optional(
  Type.Union([Type.String({ maxLength: 64 }), Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })]),
);
export type MessageId = string | number | null;

export const Ping = Type.Object({ op: Type.Literal('ping'), id: messageId }, { additionalProperties: false });
export type Ping = Static<typeof Ping>;

/** The forms of all that a client may say, of which `fields` is what it follows and `resume` where it was: numbers of at least `resumeMin`. */
export function subscriptionForms<Fields extends TProperties>(
  fields: Fields,
  { resumeMin }: { readonly resumeMin: number },
) {
  const place = Type.Integer({ minimum: resumeMin, maximum: Number.MAX_SAFE_INTEGER });
  const followed = { id: messageId, ...fields };
  const subscribe = {
    op: Type.Literal('subscribe'),
    ...followed,
    resume: Type.Optional(Type.Record(Type.String(), place)),
  };
  const unsubscribe = { op: Type.Literal('unsubscribe'), ...followed };
  return {
    subscribe: Type.Object(subscribe, { additionalProperties: false }),
    unsubscribe: Type.Object(unsubscribe, { additionalProperties: false }),
    ping: Ping,
  };
}

/** Names of networks or symbols, of which one message may hold many. */
export const NameList = Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 1000 });

/** What cannot be done, and why: sent back instead of an ack. */
export interface Refusal {
  readonly id: MessageId;
  readonly code: string;
  readonly detail: string;
  readonly near?: readonly string[];
}

export type ParseMessage<M> = (text: string) => { message: M } | { refusal: Refusal };

/**
 * Reads what clients send: an object whose `op` names one of `forms`, each a form of `M`. `misuseOf` says what is wrong with a
 * message beyond its form. Never throws: what is no message of the protocol comes back as a refusal.
 */
export function createMessageParser<M>(
  forms: Readonly<Record<string, TSchema>>,
  misuseOf: (message: M) => string | undefined = () => undefined,
): ParseMessage<M> {
  const operations = Object.keys(forms);
  const checks = new Map(Object.entries(forms).map(([op, form]) => [op, createValidator(form, 'body')]));
  return (text) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return invalid(null, 'it is no JSON');
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return invalid(null, 'it is no JSON object');
    const id = idOf(Reflect.get(value, 'id'));
    const op: unknown = Reflect.get(value, 'op');
    const check = typeof op === 'string' ? checks.get(op) : undefined;
    if (check === undefined) return invalid(id, `op: must be one of ${operations.join(', ')}`);
    const checked = check(value);
    if ('error' in checked) return invalid(id, detailOf(checked.error.problem.errors ?? []));
    const message = checked.value as M;
    const misuse = misuseOf(message);
    return misuse === undefined ? { message } : invalid(id, misuse);
  };
}

function idOf(given: unknown): MessageId {
  const isText = typeof given === 'string' && given.length <= 64;
  return isText || (typeof given === 'number' && Number.isSafeInteger(given)) ? given : null;
}

function invalid(id: MessageId, detail: string): { refusal: Refusal } {
  return { refusal: { id, code: 'invalid-message', detail } };
}

function detailOf(errors: readonly ProblemPart[]): string {
  return errors.map(({ pointer, detail }) => `${(pointer ?? '#').slice(2) || 'message'}: ${detail}`).join('; ');
}
