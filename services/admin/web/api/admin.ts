import { EnvironmentAnswer, sharedAnswers } from '../../../contracts/admin-answers.ts';
import { createCheck } from './check.ts';
import type { Endpoint } from './use-answer.ts';

/** Which environment this is, and by which catalog its dashboard works. */
export const environmentNow: Endpoint<EnvironmentAnswer> = {
  path: 'environment',
  check: createCheck(EnvironmentAnswer, sharedAnswers),
  everyMs: 15_000,
};
