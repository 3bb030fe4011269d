import {
  CatalogAnswer,
  CatalogKindAnswer,
  EnvironmentAnswer,
  EnvironmentsAnswer,
  PoolsAnswer,
  ProcessesAnswer,
  PromotionAnswer,
  sharedAnswers,
} from '../../../contracts/admin-answers.ts';
import { createCheck } from './check.ts';
import { type Endpoint, queryOf } from './use-answer.ts';

// Reads of the dashboard's own server.

const checkKind = createCheck(CatalogKindAnswer, sharedAnswers);
const checkPromotion = createCheck(PromotionAnswer, sharedAnswers);
const checkPools = createCheck(PoolsAnswer, sharedAnswers);

/** Which environment this is, and by which catalog its dashboard works. */
export const environmentNow: Endpoint<EnvironmentAnswer> = {
  path: 'environment',
  check: createCheck(EnvironmentAnswer, sharedAnswers),
  everyMs: 15_000,
};

export const catalogInForce: Endpoint<CatalogAnswer> = {
  path: 'catalog',
  check: createCheck(CatalogAnswer, sharedAnswers),
  everyMs: 5_000,
};

export function entriesOf(kind: string): Endpoint<CatalogKindAnswer> {
  return { path: `catalog/${encodeURIComponent(kind)}`, check: checkKind, everyMs: 15_000 };
}

export const allEnvironments: Endpoint<EnvironmentsAnswer> = {
  path: 'environments',
  check: createCheck(EnvironmentsAnswer, sharedAnswers),
  everyMs: 15_000,
};

export function promotionOf(from: string, to: string): Endpoint<PromotionAnswer> {
  return { path: `promotion${queryOf({ from, to })}`, check: checkPromotion, everyMs: 30_000 };
}

export function poolsOf(environment: string | undefined): Endpoint<PoolsAnswer> {
  return { path: `pools${queryOf({ environment })}`, check: checkPools, everyMs: 30_000 };
}

export const allProcesses: Endpoint<ProcessesAnswer> = {
  path: 'processes',
  check: createCheck(ProcessesAnswer, sharedAnswers),
  everyMs: 5_000,
};
