import { afterAll, beforeAll, describe } from 'vitest';
import { kafkaMissing } from '../testing/kafka/kafka-jars.ts';
import { type KafkaServer, startKafka } from '../testing/kafka/kafka-server.ts';
import { busContract } from './bus-contract.ts';
import { createEmbeddedBus } from './embedded/bus.ts';
import { openKafkaBusForTest, topicForTest } from './testing/kafka-bus.ts';

busContract('embedded', { keeps: false }, async () => {
  const { bus, stop } = createEmbeddedBus();
  return { part: bus, stop, topics: ['blocks', 'other'] };
});

const missing = kafkaMissing();
const name = `networked${missing === undefined ? '' : ` (${missing})`}`;
describe.skipIf(missing !== undefined)(name, { timeout: 300_000 }, () => {
  let kafka: KafkaServer;
  beforeAll(async () => {
    kafka = await startKafka();
  });
  afterAll(() => kafka?.stop());

  busContract('Kafka', { keeps: true }, async () => {
    const topics = [topicForTest(), topicForTest()] as const;
    const open = () => openKafkaBusForTest(kafka.brokers, topics);
    return { ...(await open()), topics: [topics[0].id, topics[1].id], again: open };
  });
});
