import { at, type Rule } from '../rule.ts';
import { brokerDiskShareMax, topicGBOfBroker } from '../topic-disk.ts';

export const busDiskRules: readonly Rule[] = [
  {
    code: 'CAT109',
    rule: "what topics keep at most fits their bus's disk, with room",
    why: 'a broker whose disk is full stops, and with it all that it carries: time alone bounds nothing',
    *check(view) {
      for (const entry of view.of('pool')) {
        const [index, bus] = [...entry.value.stores.entries()].find(([, { kind }]) => kind === 'bus') ?? [];
        if (index === undefined || bus?.storageGB === undefined) continue;
        const topics = view.of('topic').filter(({ value }) => value.pool === entry.id && value.cleanup === 'delete');
        for (const topic of topics.filter(({ value }) => value.retentionMiB === undefined)) {
          const message = `topic "${topic.id}" may fill the disk of pool "${entry.id}" before its time is over`;
          yield at(topic, ['id'], message, 'add retentionMiB, of each partition');
        }
        const kept = topics.map(({ id, value }) => ({ id, gb: topicGBOfBroker(value, bus) }));
        const total = kept.reduce((sum, { gb }) => sum + gb, 0);
        const room = bus.storageGB * brokerDiskShareMax;
        if (total <= room) continue;
        const parts = kept.map(({ id, gb }) => `${id} ${gigabytes(gb)}`).join(' + ');
        const message = `topics of pool "${entry.id}" keep up to ${gigabytes(total)} GB on a broker (${parts}), ${Math.round(100 * brokerDiskShareMax)} % of its disk are ${gigabytes(room)}`;
        yield at(
          entry,
          ['stores', index, 'storageGB'],
          message,
          'lower retentionMiB in catalog/topics.yaml, or rent more',
        );
      }
    },
  },
];

function gigabytes(amount: number): string {
  return amount.toFixed(amount < 10 ? 1 : 0);
}
