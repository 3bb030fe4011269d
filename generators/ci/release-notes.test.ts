import { describe, expect, it } from 'vitest';
import { renderReleaseNotes } from './release-notes.ts';

describe(renderReleaseNotes.name, () => {
  it('names the images and the entries that came, changed and went', () => {
    const before = stateOf({ tag: '0.1.0', networks: [{ id: 'base', priority: 6 }, { id: 'old' }] });
    const after = stateOf({ tag: '0.2.0', networks: [{ id: 'base', priority: 9 }, { id: 'new' }] });

    expect(renderReleaseNotes(before, after, 10_000).trim().split('\n')).toEqual([
      '## Images',
      '',
      '- images.defimon.tag: `0.1.0` → `0.2.0`',
      '',
      '## Catalog',
      '',
      '### Added',
      '',
      '- network/new',
      '',
      '### Changed',
      '',
      '- network/base: priority',
      '',
      '### Removed',
      '',
      '- network/old',
    ]);
  });

  it('tells a pool that was promoted ahead apart', () => {
    const after = new Map([['catalog.ml.lock.json', lockOf([{ id: 'base' }])]]);

    expect(renderReleaseNotes(new Map(), after, 10_000)).toContain('## Catalog of pool ml');
  });

  it('counts what is too much to list, and says so', () => {
    const networks = Array.from({ length: 500 }, (_, index) => ({ id: `network_${index}` }));
    const notes = renderReleaseNotes(new Map(), stateOf({ tag: '1.0.0', networks }), 2_000);

    expect(notes.length).toBeLessThan(2_000);
    expect(notes).toContain('500 added');
    expect(notes).toContain('1.0.0');
  });

  it('is empty when nothing differs', () => {
    const state = stateOf({ tag: '0.1.0', networks: [] });

    expect(renderReleaseNotes(state, state, 100)).toBe('');
  });
});

function stateOf({ tag, networks }: { tag: string; networks: readonly object[] }): Map<string, string> {
  return new Map([
    ['images.lock.yaml', `images:\n  defimon:\n    repository: registry.example/defimon\n    tag: ${tag}\n`],
    ['catalog.lock.json', lockOf(networks)],
  ]);
}

function lockOf(networks: readonly object[]): string {
  return JSON.stringify({ catalog: { networks }, digest: 'sha256:0' });
}
