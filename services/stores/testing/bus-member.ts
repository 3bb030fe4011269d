import { parseArgs } from 'node:util';
import type { Topic } from '../../../catalog/schema/topic.ts';
import { openKafkaBusForTest } from './kafka-bus.ts';

// A process of its own that is a member of a group, for a test to kill: prints each number that it is given, and is stuck on the
// batch that holds `stuckAt`. What it has done before that is acknowledged.

const { values } = parseArgs({
  options: {
    broker: { type: 'string' },
    topic: { type: 'string' },
    group: { type: 'string' },
    stuckAt: { type: 'string' },
  },
});
const { broker = '', topic = '{}', group = '', stuckAt } = values;
const line = JSON.parse(topic) as Topic;
const { part: bus } = await openKafkaBusForTest([broker], [line]);
await bus.subscribe(line.id, group, async ({ messages }) => {
  process.stdout.write(messages.map(({ value }) => `${String(value)}\n`).join(''));
  if (messages.some(({ value }) => value === Number(stuckAt))) await new Promise(() => {});
});
