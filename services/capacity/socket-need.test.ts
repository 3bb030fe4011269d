import { expect, it } from 'vitest';
import { socketNeed } from './socket-need.ts';

it('takes the lower of what CPU bears and the program lets in, and says which', () => {
  const { byCpu, byProgram, clients, by } = socketNeed();
  expect(clients).toBe(Math.min(byCpu, byProgram));
  expect(by).toBe(clients === byProgram ? 'the program' : 'CPU');
});
