import { Ajv } from 'ajv';
import type { TSchema } from 'typebox';
import type { Message } from './socket-client.ts';

const ajv = new Ajv({ strict: false });

/** The messages that are not of the form that `formOf` names for them, each with why. Those of which it names none may be of any. */
export function misfitsOf(messages: readonly Message[], formOf: (message: Message) => TSchema | undefined): string[] {
  return messages.flatMap((message) => {
    const form = formOf(message);
    if (form === undefined || ajv.validate(form, message)) return [];
    return [`${ajv.errorsText()}: ${JSON.stringify(message).slice(0, 500)}`];
  });
}
