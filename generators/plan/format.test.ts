import { describe, expect, it } from 'vitest';
import { computePlan, planProblems } from './compute.ts';
import { dangerRules } from './danger-rules.ts';
import { noteMarker, renderMarkdown } from './format-markdown.ts';
import { renderCodeQuality, renderJson, renderJunit } from './format-reports.ts';
import { renderText } from './format-text.ts';
import type { Plan } from './plan.ts';
import { deploymentFile, lockFile, objectFile, sliceFile, treeOf } from './testing/trees.ts';

const problem = {
  file: 'catalog/networks/base.yaml',
  line: 7,
  col: 11,
  code: 'CAT020',
  message: 'unknown owner "<chian>"',
  fix: 'did you mean "chain"?',
  severity: 'error',
} as const;

describe(renderText.name, () => {
  it('aligns tables, and writes no colours unless it is asked to', () => {
    const text = renderText(examplePlan(), { against: 'HEAD' });
    expect(text).toMatch(/^1 network changed \(network\/base\): /);
    expect(text).toContain(
      'cluster       added  changed  removed  restarts  reloads  DANGER\nstaging/main     +0       ~3       −1         1        1       1\n',
    );
    expect(text).toContain('DANGER critical staging/main PersistentVolumeClaim/main/data: removed: its data goes');
    expect(text).toContain('~ network/base\n    ~     priority: 5 → 9\n');
    expect(text).not.toContain('\u001b[');
    expect(renderText(examplePlan(), { colours: true })).toContain('\u001b[');
  });

  it('counts by kind where the same change is in many objects of a cluster, and names a few', () => {
    const tree = (count: number, label: string) =>
      treeOf(
        ...['Service', 'ServiceAccount'].flatMap((kind) =>
          Array.from({ length: count }, (_, index) => objectFile(kind, `s-${index}`, {}, { labels: { label } })),
        ),
      );
    const many = computePlan(tree(8, 'a'), tree(8, 'b'));
    expect(renderText(many)).toContain(
      '  staging/main: 16 objects: 8 Service, 8 ServiceAccount (--full plan.md names them)\n',
    );
    expect(renderText(many, { whole: true })).toContain('Service/main/s-7');
    expect(renderMarkdown(many)).toContain('Service/main/s-7');
    expect(renderText(computePlan(tree(6, 'a'), tree(6, 'b')))).toContain('Service/main/s-5');
  });

  it('counts the lines that it does not show', () => {
    const [before, after] = [treeOf(), treeOf(objectFile('Service', 's', { spec: { port: 1 } }))];
    expect(renderText(computePlan(before, after))).toMatch(
      /added: Service\/main\/s.*\n.*\n {4}\d+ lines: --full plan\.md writes them/,
    );
    expect(renderText(computePlan(before, after), { whole: true })).toContain('+   port: 1');
  });

  it('is the problems when there is no plan', () => {
    expect(renderText(planProblems([problem]))).toBe(
      'No plan: 1 problem in the catalog.\n\ncatalog/networks/base.yaml:7:11 CAT020 unknown owner "<chian>" — did you mean "chain"?\n',
    );
  });
});

describe(renderMarkdown.name, () => {
  it('begins with the marker of the note, then the sentence, then the tables', () => {
    const text = renderMarkdown(examplePlan(), { against: 'main' });
    expect(text.startsWith(`${noteMarker}\n## Plan: 1 DANGER\n\n1 network changed`)).toBe(true);
    const titles = [...text.matchAll(/^### (.*)$/gm)].map(([, title]) => title);
    expect(titles).toEqual([
      'Clusters',
      'DANGER: something that holds data or machines is removed',
      'Pods',
      'Cost per month',
      'Catalog entries',
      'Changes',
    ]);
    expect(text).toContain('| `staging/main` |  | ~3 | −1 |');
    expect(text).toContain('```diff\n~ spec.template.spec.containers[web].image: app:1 → app:2\n```');
  });

  it('stays below its limit, and says what went into the artefact', () => {
    const plan = largePlan(400);
    const text = renderMarkdown(plan, { charsMax: 20_000, full: 'plan-full.md' });
    expect(text.length).toBeLessThanOrEqual(20_000);
    expect(text).toContain(plan.summary);
    const [, left, all] =
      /\*\*(\d+) of these (\d+) are not shown here: the artefact `plan-full.md` has them\.\*\*/.exec(text) ?? [];
    const shown = text.match(/<details>/g)?.length ?? 0;
    expect(Number(all)).toBe(plan.groups.length);
    expect(Number(left)).toBe(plan.groups.length - shown);
    const whole = renderMarkdown(plan, { charsMax: Number.POSITIVE_INFINITY });
    expect(whole.match(/<details>/g)).toHaveLength(plan.groups.length);
    expect(whole).not.toContain('not shown here');
  });

  it('names the command where no artefact is written', () => {
    expect(renderMarkdown(largePlan(100), { charsMax: 5000 })).toContain(
      '`npm run catalog -- diff --full plan.md` writes them',
    );
  });

  it('keeps what people wrote from becoming markup', () => {
    const [before, after] = ['a', '```\n</details><script>'].map((text) =>
      treeOf(objectFile('ConfigMap', 'x', { data: { text } })),
    );
    const text = renderMarkdown(computePlan(before ?? treeOf(), after ?? treeOf()));
    expect(text).toContain('````diff');
    expect(renderMarkdown(planProblems([problem]))).toContain('&lt;chian&gt;');
  });
});

describe(renderJson.name, () => {
  it('is the whole model, with its version', () => {
    const plan = examplePlan();
    expect(JSON.parse(renderJson(plan, 'HEAD'))).toEqual(JSON.parse(JSON.stringify({ ...plan, against: 'HEAD' })));
    expect(JSON.parse(renderJson(plan)).version).toBe(1);
  });
});

describe(renderCodeQuality.name, () => {
  it('gives GitLab what it needs of each finding', () => {
    const findings = findingsOf({ ...examplePlan(), problems: [{ ...problem, severity: 'warning' }] });
    expect(findings).toHaveLength(2);
    for (const finding of findings) {
      expect(Object.keys(finding).sort()).toEqual(['check_name', 'description', 'fingerprint', 'location', 'severity']);
      expect(finding.fingerprint).toMatch(/^[0-9a-f]{64}$/);
      expect(['info', 'minor', 'major', 'critical', 'blocker']).toContain(finding.severity);
      expect(finding.location.path).not.toMatch(/^\//);
      expect(finding.location.lines.begin).toBeGreaterThanOrEqual(1);
    }
  });

  it('places a danger at the entry that causes it', () => {
    const [danger] = findingsOf(examplePlan());
    expect(danger).toMatchObject({
      check_name: 'DAN001',
      severity: 'critical',
      location: { path: 'catalog/networks/base.yaml', lines: { begin: 2 } },
    });
  });

  it('keeps the fingerprint when the line moves, and tells apart what is not the same', () => {
    const of = (line: number, ...messages: string[]) =>
      findingsOf(planProblems(messages.map((message) => ({ ...problem, line, message })))).map(
        ({ fingerprint }) => fingerprint,
      );
    expect(of(7, 'a')).toEqual(of(9, 'a'));
    expect(new Set(of(7, 'a', 'b', 'a')).size).toBe(3);
  });

  it('is an empty list when nothing was found', () => {
    expect(renderCodeQuality(computePlan(treeOf(), treeOf()))).toBe('[]\n');
  });
});

describe(renderJunit.name, () => {
  it('has a case for each rule of danger, failed where there is one', () => {
    const xml = renderJunit(examplePlan());
    expect(xml).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites name="plan">/);
    expect(xml).toContain(
      `<testsuite name="danger" tests="${Object.keys(dangerRules).length}" failures="1" skipped="0">`,
    );
    expect(xml).toContain('<testcase classname="catalog" name="the catalog holds"/>');
    expect(xml).toMatch(/<failure message="staging\/main PersistentVolumeClaim\/main\/data: /);
  });

  it('has a case for each problem, and passes no rule that was not looked at', () => {
    const xml = renderJunit(planProblems([problem]));
    expect(xml).toContain('<testsuite name="catalog" tests="1" failures="1" skipped="0">');
    expect(xml).toContain('unknown owner &quot;&lt;chian&gt;&quot;');
    expect(xml).not.toContain('danger');
  });

  it('shows what waits as skipped', () => {
    const tree = treeOf(lockFile('staging', { pools: [{ id: 'ml', provider: 'undecided' }] }));
    expect(renderJunit(computePlan(tree, tree))).toContain(
      '<testcase classname="waits" name="pool/ml in staging">\n      <skipped message="pool/ml in staging: its provider is undecided',
    );
  });
});

interface Finding {
  readonly check_name: string;
  readonly fingerprint: string;
  readonly severity: string;
  readonly location: { readonly path: string; readonly lines: { readonly begin: number } };
}

function findingsOf(plan: Plan): Finding[] {
  return JSON.parse(renderCodeQuality(plan));
}

/** One of everything: a slice that is read again, a restart, a claim that goes. */
function examplePlan(): Plan {
  const network = (priority: number) => ({ id: 'base', priority, phase: 1 });
  const tree = (priority: number, image: string) => [
    lockFile('staging', { networks: [network(priority)] }),
    sliceFile('api', [network(priority)]),
    deploymentFile('api', { configMap: 'api' }),
    deploymentFile('web', { image }),
    objectFile('Service', 'web', { spec: { priority } }, { sources: ['network/base'] }),
  ];
  const claim = objectFile('PersistentVolumeClaim', 'data', { spec: {} }, { sources: ['network/base'] });
  return computePlan(treeOf(...tree(5, 'app:1'), claim), treeOf(...tree(9, 'app:2')), {
    places: new Map([['network/base', { file: 'catalog/networks/base.yaml', line: 2 }]]),
  });
}

/** Objects that each change in their own way. */
function largePlan(count: number): Plan {
  const tree = (sign: number) =>
    treeOf(
      ...Array.from({ length: count }, (_, index) =>
        objectFile('Service', `s-${index}`, { spec: { value: sign * (index + 1), text: 'x'.repeat(50) } }),
      ),
    );
  return computePlan(tree(1), tree(-1));
}
