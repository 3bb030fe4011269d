import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { kafkaMissing } from './kafka-jars.ts';
import { startKafka } from './kafka-server.ts';

const missing = kafkaMissing();

describe.skipIf(missing !== undefined)(`${startKafka.name}${missing === undefined ? '' : ` (${missing})`}`, () => {
  it('starts a broker that can be killed and started again at its port', async () => {
    await using kafka = await startKafka();
    await answers(kafka.port);
    const { pid } = kafka;
    await kafka.kill();
    await expect(answers(kafka.port)).rejects.toThrow('ECONNREFUSED');
    await kafka.restart();
    await answers(kafka.port);
    expect(kafka.pid).not.toBe(pid);
  });

  it('says what the broker said when it does not start', async () => {
    await expect(startKafka({ properties: { 'log.retention.ms': 'never' } })).rejects.toThrow(/never/);
  });
});

async function answers(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}
