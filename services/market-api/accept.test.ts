import { describe, expect, it } from 'vitest';
import { ProblemError } from '../runtime/http-problem.ts';
import { formatOf } from './accept.ts';

describe(formatOf, () => {
  it('gives JSON to who does not care, browsers among them', () => {
    const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    for (const accept of [undefined, '', '*/*', 'application/*', browser]) expect(formatOf(accept)).toBe('json');
  });

  it('takes what is liked best, and of equals what is named first', () => {
    expect(formatOf('text/csv')).toBe('csv');
    expect(formatOf('application/x-ndjson, */*;q=0.1')).toBe('ndjson');
    expect(formatOf('application/json;q=0.5, text/csv;q=0.8')).toBe('csv');
    expect(formatOf('application/jsonl, text/csv')).toBe('ndjson');
    expect(formatOf('text/csv;q=0, application/json')).toBe('json');
  });

  it('refuses who takes none of them, with the list', () => {
    for (const accept of ['image/png', 'text/csv;q=0', 'text/csv;q=x']) {
      expect(() => formatOf(accept)).toThrow(ProblemError);
      expect(() => formatOf(accept)).toThrow('application/x-ndjson');
    }
  });
});
