import { describe, expect, it } from 'vitest';
import { createSendBudget, createSender, type SendBudget } from './sender.ts';

const limits = { bufferBytesMax: 1000, resumeBytes: 100, slowMs: 1000 };

describe(createSender, () => {
  it('holds back from a full buffer until it has drained', () => {
    const { sender, outlet, drained } = openSender(createSendBudget(500));
    for (let at = 0; at < 20 && !sender.isHeldBack; at++) sender.send(`"x":"${'x'.repeat(90)}"`);
    expect([sender.isHeldBack, outlet.bufferedAmount > 1000]).toEqual([true, true]);
    outlet.write(500);
    expect([sender.isHeldBack, drained.count]).toEqual([true, 0]);
    sender.send('"type":"pong"');
    outlet.write(0);
    expect([sender.isHeldBack, drained.count]).toEqual([false, 1]);
    sender.stop();
  });

  it('holds back earlier when all connections together have too much, and gives its part back', () => {
    const budget = { waitingBytes: 0, bytesMax: 1500, shareBytes: 200 };
    const [one, two, three] = [openSender(budget), openSender(budget), openSender(budget)];
    one.sender.send(`"x":"${'x'.repeat(800)}"`);
    expect(one.sender.isHeldBack).toBe(false);
    two.sender.send(`"x":"${'x'.repeat(800)}"`);
    expect(two.sender.isHeldBack).toBe(true);
    three.sender.send('"x":1');
    expect(three.sender.isHeldBack).toBe(false);
    for (const { sender } of [one, two, three]) sender.stop();
    expect(budget.waitingBytes).toBe(0);
  });
});

describe(createSendBudget, () => {
  it('bounds what waits for any number of connections', () => {
    for (const connections of [1, 500, 10_000, 100_000]) {
      const { bytesMax, shareBytes } = createSendBudget(connections);
      expect(shareBytes * connections, `${connections}`).toBeLessThanOrEqual(bytesMax);
      expect(shareBytes).toBeGreaterThan(1000);
    }
  });
});

function openSender(budget: SendBudget) {
  const drained = { count: 0 };
  let written: ((error?: Error) => void)[] = [];
  const outlet = {
    bufferedAmount: 0,
    send: (text: string, onWritten: (error?: Error) => void) => {
      outlet.bufferedAmount += text.length;
      written.push(onWritten);
    },
    close: () => undefined,
    terminate: () => undefined,
    /** All but so many bytes are taken. */
    write: (left: number) => {
      outlet.bufferedAmount = left;
      const done = written;
      written = [];
      for (const each of done) each();
    },
  };
  const onDrained = () => void drained.count++;
  return { sender: createSender(outlet, limits, budget, { clock: () => 0, onDrained }), outlet, drained };
}
