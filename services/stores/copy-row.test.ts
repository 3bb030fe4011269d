import { describe, expect, it } from 'vitest';
import { copyRow } from './copy-row.ts';

describe(copyRow.name, () => {
  it('separates by tabs, ends with a newline and writes null as \\N', () => {
    expect(copyRow(['a', 1, null, '', 1.5e-7])).toBe('a\t1\t\\N\t\t1.5e-7\n');
    expect(copyRow([])).toBe('\n');
  });

  it('escapes what the format gives a meaning', () => {
    expect(copyRow(['a\tb\nc\rd\\e', '\\N', '\\.', '\\xff'])).toBe('a\\tb\\nc\\rd\\\\e\t\\\\N\t\\\\.\t\\\\xff\n');
  });

  it('refuses NUL', () => {
    expect(() => copyRow(['a', 'b\0c'])).toThrow('NUL');
  });
});
