import type { Finding, Rule } from '../rule.ts';

/**
 * Texts that are secrets whatever they stand in. Hashes and addresses look alike: 64 hex digits are a private key unless
 * the word before them says what hash they are. Every repetition is bounded: a line of a thousand letters must not take minutes.
 * `in` is a text without which a pattern cannot match: of the slow ones, so that most lines are not searched for them.
 */
const secrets: readonly { what: string; pattern: RegExp; in?: string }[] = [
  { what: 'a private key', pattern: /-----BEGIN [A-Z ]*PRIVATE KEY/ },
  {
    what: 'a private key',
    pattern:
      /(?<![0-9a-fA-F]|sha256:|(?:genesisHash|digest)["']?\s{0,3}:\s{0,3}["']?(?:0x)?)(?:0x)?[0-9a-fA-F]{64}(?![0-9a-fA-F])/,
  },
  { what: 'an AWS access key', pattern: /(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])/ },
  { what: 'a JSON web token', pattern: /eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/ },
  { what: 'a GitHub token', pattern: /(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})/ },
  { what: 'a GitLab token', pattern: /gl(?:pat|ptt|rt|dt)-[A-Za-z0-9_-]{20,}/ },
  { what: 'a Slack token', pattern: /xox[abeprs]-[A-Za-z0-9-]{10,}/ },
  { what: 'a Stripe key', pattern: /(?:(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{16,})/ },
  { what: 'a Google API key', pattern: /AIza[0-9A-Za-z_-]{35}/ },
  { what: 'a DigitalOcean token', pattern: /do[oprt]_v1_[a-f0-9]{32,}/ },
  { what: 'a Telegram bot token', pattern: /(?<!\d)\d{8,10}:[A-Za-z0-9_-]{34,}/ },
  {
    what: 'a user name and password in a URL',
    in: '://',
    pattern: /[a-z][a-z0-9+.-]{0,20}:\/\/[^\s/@:"']{0,100}:[^\s/@"']{1,200}@/i,
  },
  {
    what: 'an API key in a URL',
    pattern: /[?&](?:[a-z_-]{0,20}key|token|secret|auth|password|access_token)=[^\s&"'#]{6,}/i,
  },
  {
    what: 'an API key in a URL',
    in: '://',
    pattern: /(?<=:\/\/[^\s"']{1,300}\/)(?=[A-Za-z_-]{0,40}\d)(?=[\d_-]{0,40}[A-Za-z])[A-Za-z0-9_-]{20,}/,
  },
  {
    what: 'a password',
    pattern:
      /(?:password|passwd|secret|token|api[-_]?key)["']?\s*[:=]\s*["']?(?=[^\s"']{0,60}\d)[A-Za-z0-9+/=_!@#$%^&*-]{10,}/i,
  },
];

/** Of each text, kept as long as it is: of a catalog that is read again and again, nearly all are the same as before. */
const findings = new WeakMap<object, readonly Finding[]>();

export const secretRules: readonly Rule[] = [
  {
    code: 'CAT095',
    rule: 'no file holds a secret, not even in a comment',
    why: 'what was pushed once is in every clone for ever: a reference (secretRef) is enough',
    *check(view) {
      for (const text of view.texts) {
        const known = findings.get(text) ?? [...findSecrets(text.file, text.text)];
        findings.set(text, known);
        yield* known;
      }
    },
  },
];

/** Key-like texts in a file, one a line. The text itself is never repeated. */
export function* findSecrets(file: string, text: string): Generator<Finding> {
  for (const [index, line] of text.split('\n').entries()) {
    for (const { what, pattern, in: mark } of secrets) {
      if (mark !== undefined && !line.includes(mark)) continue;
      const found = line.search(pattern);
      if (found < 0) continue;
      const fix = 'take it out, treat it as leaked, and write "secretRef: <secret>/<key>"';
      yield { file, line: index + 1, col: found + 1, message: `this looks like ${what}`, fix };
      break;
    }
  }
}
