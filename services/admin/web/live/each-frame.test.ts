import { describe, expect, it } from 'vitest';
import { createEachFrame } from './each-frame.ts';

describe(createEachFrame, () => {
  it('draws once for all changes of a frame, and again for those of the next', () => {
    const { frame, pass, drawn } = build();
    frame.draw();
    frame.draw();
    expect(drawn()).toBe(0);
    pass();
    expect(drawn()).toBe(1);
    frame.draw();
    pass();
    expect(drawn()).toBe(2);
  });

  it('draws no more once it is ended, what was due included', () => {
    const { frame, pass, drawn } = build();
    frame.draw();
    frame.end();
    pass();
    expect(drawn()).toBe(0);
  });
});

function build() {
  const due: (() => void)[] = [];
  let count = 0;
  const frame = createEachFrame(
    () => {
      count += 1;
    },
    (run) => due.push(run),
  );
  const pass = (): void => {
    for (const run of due.splice(0)) run();
  };
  return { frame, pass, drawn: () => count };
}
