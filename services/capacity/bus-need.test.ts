import { describe, expect, it } from 'vitest';
import type { Topic } from '../../catalog/schema/topic.ts';
import { partitionMiBMax } from '../../catalog/topic-disk.ts';
import { barTopicNeed, chainTopicNeed, replayHoursMin } from './bus-need.ts';

const topic: Topic = {
  ...{ id: 'chain.blocks', purpose: 'A test', owner: 'tests', pool: 'tests', key: 'network', partitions: 1 },
  ...{ cleanup: 'delete', retentionHours: 48, retentionMiB: 10_240, producers: ['tests'], consumers: [] },
};
const gbMax = ((partitionMiBMax(topic) ?? 0) * 2 ** 20) / 1e9;

describe(chainTopicNeed, () => {
  it('keeps a record until its time is over where little comes', () => {
    const need = needOf(1);
    expect(need).toMatchObject({ meanHours: 48, hottestHours: 48 });
    expect(need.diskGB).toBeCloseTo(2 * need.gbPerDay);
  });

  it('keeps as much as the size says where more comes', () => {
    const need = needOf(80);
    expect(need.hottestHours).toBeCloseTo((24 * gbMax) / need.gbPerDay);
    expect(need.hottestHours).toBeLessThan(48);
    expect(need.diskGB).toBeCloseTo(gbMax);
  });

  it('needs the disk for a day, whatever the size says', () => {
    const need = needOf(1000);
    expect(need.hottestHours).toBeLessThan(replayHoursMin);
    expect(need.diskGB).toBeCloseTo(need.gbPerDay);
  });
});

describe(barTopicNeed, () => {
  it('shares pairs among partitions, some of which have more', () => {
    const { meanHours, hottestHours } = barTopicNeed(2000, { ...topic, retentionMiB: 4096 }, 6);
    expect(hottestHours).toBeLessThan(meanHours);
  });
});

function needOf(txsPerBlock: number) {
  return chainTopicNeed([{ id: 'a', tier: 'critical', blockSeconds: 1, txsPerBlock }], topic, 1);
}
