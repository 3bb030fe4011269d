/** One test of a JUnit report, as GitLab shows it. */
export interface TestCase {
  readonly name: string;
  readonly classname: string;
  readonly file?: string;
  /** Why it fails; the first line is its title. */
  readonly failure?: readonly string[];
  /** Why it says nothing. */
  readonly skipped?: string;
}

/** A JUnit report of named suites; those without a test are left out. */
export function testSuites(
  name: string,
  suites: readonly (readonly [name: string, cases: readonly TestCase[]])[],
): string {
  const lines = suites.filter(([, cases]) => cases.length > 0).flatMap(([suite, cases]) => suiteLines(suite, cases));
  const head = ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites name="${escapeXml(name)}">`];
  return [...head, ...lines, '</testsuites>', ''].join('\n');
}

function suiteLines(name: string, cases: readonly TestCase[]): string[] {
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const skipped = cases.filter((test) => test.skipped !== undefined).length;
  return [
    `  <testsuite name="${escapeXml(name)}" tests="${cases.length}" failures="${failures}" skipped="${skipped}">`,
    ...cases.flatMap(caseLines),
    '  </testsuite>',
  ];
}

function caseLines({ name, classname, file, failure, skipped }: TestCase): string[] {
  const place = file === undefined ? '' : ` file="${escapeXml(file)}"`;
  const head = `    <testcase classname="${escapeXml(classname)}" name="${escapeXml(name)}"${place}`;
  if (failure !== undefined) {
    const [first = ''] = failure;
    const text = escapeXml(failure.join('\n'));
    return [`${head}>`, `      <failure message="${escapeXml(first)}">${text}</failure>`, '    </testcase>'];
  }
  if (skipped === undefined) return [`${head}/>`];
  return [`${head}>`, `      <skipped message="${escapeXml(skipped)}"/>`, '    </testcase>'];
}

/** Text for an attribute or an element; what XML 1.0 cannot hold becomes a question mark. */
function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?');
}
