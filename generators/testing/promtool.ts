import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type RuleGroup, renderGroup } from '../observability/rule-group.ts';

/** Whether Prometheus' own tool is there; tests that need it are skipped without. */
export const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

/** Says what Prometheus would not take of the rules; nothing if it takes all. */
export function checkRules(groups: readonly RuleGroup[]): string {
  return inFolder(groups, (rules) => promtoolSays('check', 'rules', rules));
}

/** Runs promtool's unit tests of the rules; says what failed. */
export function testRules(groups: readonly RuleGroup[], tests: object): string {
  return inFolder(groups, (rules, folder) => {
    const file = join(folder, 'test.yaml');
    writeFileSync(file, stringify({ rule_files: [rules], ...tests }));
    return promtoolSays('test', 'rules', file);
  });
}

function inFolder(groups: readonly RuleGroup[], run: (rules: string, folder: string) => string): string {
  const folder = mkdtempSync(join(tmpdir(), 'defimon-rules-'));
  try {
    const rules = join(folder, 'rules.yaml');
    writeFileSync(rules, stringify({ groups: groups.map(renderGroup) }));
    return run(rules, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function promtoolSays(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  return status === 0 ? '' : stdout + stderr;
}
