import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLetter } from '../../stores/consume.ts';
import type { Fault } from './fault.ts';

export const clocks: Fault = {
  name: 'clocks',
  what: 'the clocks of two services are an hour off, one ahead and one behind',
  run: async ({ many }) => {
    const skews: Readonly<Record<string, number>> = { 'chain-sync': 3_600_000, 'stream-processor': -3_600_000 };
    const skewed = many.processes.filter(({ name }) => name in skews);
    const preload = new URL('../skewed-clock.ts', import.meta.url).href;
    for (const each of skewed) each.setEnv({ NODE_OPTIONS: `--import ${preload}?ms=${skews[each.name]}` });
    await Promise.all(skewed.map((each) => each.kill()));
    await many.ready();
    await sleep(6_000);
    for (const each of skewed) each.setEnv({});
    await Promise.all(skewed.map((each) => each.kill()));
    await many.ready();
    return [];
  },
};

export const rebalances: Fault = {
  name: 'rebalances',
  what: 'consumers come, go and die, so that the groups are shared out anew all the time',
  run: async ({ many, random }) => {
    const others = await Promise.all([1, 2].map((number) => many.addReplica('stream-processor', number)));
    for (const other of others) await other.start();
    for (const other of others) await other.ready();
    for (let round = 0; round < 6; round++) {
      const [one] = others.toSorted(() => random() - 0.5);
      await one?.kill();
      await sleep(random() * 3_000);
    }
    for (const other of others) await other.stop();
    return [];
  },
};

export const poison: Fault = {
  name: 'poison',
  what: 'messages that are none: each is a dead letter with its reason, and holds up nobody',
  run: async ({ bed }) => {
    const { bus } = bed;
    if (bus === undefined) return ['there is no bus'];
    const topics = ['chain.blocks', 'market.bars'];
    const dead: unknown[] = [];
    const stops = await Promise.all(
      topics.map((topic) =>
        bus.follow(
          `${topic}.dead`,
          'e2e',
          async ({ messages }) => void dead.push(...messages.map(({ value }) => value)),
        ),
      ),
    );
    const poisons = [null, 7, 'text', {}, { kind: 'appended' }, { kind: 'unheard of', network: 'e2e_one', seq: 1 }];
    for (const topic of topics)
      await bus.publish(
        topic,
        poisons.map((value) => ({ key: 'e2e_one', value })),
      );
    /** Of each topic the values with a reason, each place of a record once: a batch that is given again writes its letters again. */
    const valuesOf = (topic: string): string[] => {
      const places = new Map<string, unknown>();
      for (const letter of dead as Partial<DeadLetter>[])
        if (letter?.topic === topic && typeof letter.reason === 'string' && letter.reason !== '')
          places.set(`${letter.partition}/${letter.offset}`, letter.value);
      return [...places.values()].map((value) => JSON.stringify(value)).sort();
    };
    const wanted = poisons.map((value) => JSON.stringify(value)).sort();
    const wrong = (): string[] => topics.filter((topic) => valuesOf(topic).join('\n') !== wanted.join('\n'));
    for (const end = performance.now() + 60_000; wrong().length > 0 && performance.now() < end; ) await sleep(200);
    await Promise.all(stops.map((stop) => stop()));
    return wrong().map(
      (topic) => `${topic}.dead has ${valuesOf(topic).join(', ')} with a reason, and should have ${wanted.join(', ')}`,
    );
  },
};
