import type { Health } from '../runtime/modules.ts';

/** Below the three seconds that a readiness probe waits for us: what is wrong must still be told. */
const healthTimeoutMs = 2_500;

/** What `ask` says of a store, or that it said nothing in time; `signal` then ends it. `load` says how busy we are with it. */
export async function answerInTime(
  store: string,
  ask: (signal: AbortSignal) => Promise<Health>,
  load?: () => string,
): Promise<Health> {
  const late = Promise.withResolvers<Health>();
  const abort = new AbortController();
  const timer = setTimeout(() => {
    const busy = load === undefined ? '' : ` (${load()})`;
    late.resolve({ ok: false, detail: `${store} did not answer in ${healthTimeoutMs / 1000} s${busy}` });
    abort.abort();
  }, healthTimeoutMs);
  try {
    return await Promise.race([ask(abort.signal), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
