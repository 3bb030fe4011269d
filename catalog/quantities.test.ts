import { describe, expect, it } from 'vitest';
import { parseCpuMillis, parseMiB } from './quantities.ts';

describe(parseCpuMillis.name, () => {
  it.each([
    ['250m', 250],
    ['2', 2000],
    ['0.5', 500],
  ])('reads %s as %d thousandths', (quantity, millis) => {
    expect(parseCpuMillis(quantity)).toBe(millis);
  });

  it('throws for anything else', () => {
    for (const quantity of ['', 'm', '1Gi', '-1', '1e3']) expect(() => parseCpuMillis(quantity)).toThrow(RangeError);
  });
});

describe(parseMiB.name, () => {
  it.each([
    ['512Mi', 512],
    ['2Gi', 2048],
    ['1Ti', 1_048_576],
  ])('reads %s as %d MiB', (quantity, mebibytes) => {
    expect(parseMiB(quantity)).toBe(mebibytes);
  });

  it('throws for anything else, decimal units too', () => {
    for (const quantity of ['', '1', '1G', '1.5Gi', '-1Mi']) expect(() => parseMiB(quantity)).toThrow(RangeError);
  });
});
