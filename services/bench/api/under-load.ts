import type { RunContext, Work } from '../bench.ts';
import { answerRows } from './answer-rows.ts';
import type { ApiInput } from './input.ts';
import { load } from './load.ts';
import type { LoadOrder } from './load-process.ts';
import { rangePath } from './ranges.ts';

/** The work of a subject that serves at `url`: it is asked for a time, with so many connections, after a warm-up. */
export function underLoad(context: RunContext, url: string, close: () => Promise<void>): Work {
  const input = context.input as ApiInput;
  const { plan, seconds, warmUpSeconds } = input;
  const connections = Math.min(input.connections, plan.connectionsMax ?? input.connections);
  const figures: Record<string, number> = {};
  return {
    run: async (stopwatch) => {
      // That its answers are right is looked at in `rows`.
      if (context.verifying) return 0;
      const order: LoadOrder = {
        url,
        asked: plan.load,
        headers: plan.conditional ? await conditionOf(url, plan.load) : {},
        status: plan.conditional ? 304 : 200,
        connections,
        seconds,
        skip: 0,
      };
      const { requests: skip } = await load(input.load, { ...order, seconds: warmUpSeconds });
      stopwatch.begin();
      const result = await load(input.load, { ...order, skip: skip + connections });
      stopwatch.end();
      if (result.requests === 0) throw new Error(`No answer in ${seconds} s.`);
      figures['p50 ms'] = result.p50Ms;
      figures['p99 ms'] = result.p99Ms;
      figures['bytes an answer'] = result.bytes / result.requests;
      return result.requests;
    },
    measures: () => figures,
    rows: async () => {
      const rows: string[] = [];
      for (const path of plan.compared) {
        const headers = plan.conditional ? await conditionOf(url, { path }) : {};
        const answer = await fetch(url + path, { headers });
        rows.push(...answerRows({ path, status: answer.status, body: await answer.text() }));
      }
      return rows;
    },
    close,
  };
}

async function conditionOf(url: string, asked: ApiInput['plan']['load']): Promise<Record<string, string>> {
  const path = 'path' in asked ? asked.path : rangePath(asked.ranges, 0);
  const answer = await fetch(url + path);
  await answer.text();
  const etag = answer.headers.get('etag');
  if (answer.status !== 200 || etag === null) throw new Error(`${path} answers ${answer.status} and has no ETag.`);
  return { 'if-none-match': etag };
}
