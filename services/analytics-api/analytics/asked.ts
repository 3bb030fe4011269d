import Type from 'typebox';
import type { Network } from '../../../catalog/schema/network.ts';
import {
  type BucketName,
  bucketNames,
  networksMax,
  type SpanName,
  spanNames,
} from '../../contracts/analytics-answers.ts';
import { OneOf } from '../../contracts/schema.ts';
import { type Span, spans } from '../../datasets/chain/span.ts';
import { windowSeconds } from '../../datasets/chain/window-size.ts';
import { invalidRequest } from '../../runtime/http-problem.ts';
import type { CatalogInForce } from '../../runtime/live-catalog.ts';
import { getNetwork } from '../network-view.ts';

/** An answer holds at most so many points: networks × buckets × metrics of a series, networks × buckets of a report. */
export const pointsMax = 10_000;
const spanDefault = '24h';
const bucketDefaults: Readonly<Record<SpanName, BucketName>> = {
  '1h': 'minute',
  '24h': 'hour',
  '7d': 'hour',
  '30d': 'day',
};

export const WindowParameter = Type.Optional(
  OneOf(spanNames, { default: spanDefault, description: "How far back from each network's asOf" }),
);
export const BucketParameter = Type.Optional(
  OneOf(bucketNames, {
    description: `How long a bucket is; without it ${spanNames.map((name) => `${bucketDefaults[name]} for ${name}`).join(', ')}. Needs \`networks\``,
  }),
);
/** `example` fills the field of the documentation's page. */
export const networksParameter = (example: string, description: string) =>
  Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1000,
      description: `${description} At most ${networksMax} ids with commas between`,
      examples: [example],
    }),
  );

export function spanOf(window: SpanName | undefined): Span {
  return spans[window ?? spanDefault];
}

/** What an answer says of the span asked for. */
export function spanAnswerOf({ name, seconds, size }: Span) {
  return { name, seconds, size };
}

/**
 * The networks named, in that order; undefined where none is asked for. Throws a 404 that names the ids close to one that there is not, and a 400 for
 * a list that is none.
 */
export function namedNetworksOf(current: CatalogInForce, networks: string | undefined): Network[] | undefined {
  if (networks === undefined) return undefined;
  const ids = listOf('networks', networks, networksMax, 'Without `networks` all are answered, with what adds up.');
  return ids.map((id) => getNetwork(current, id));
}

/** The entries of a list with commas between. Throws a 400 for more than `max`, empty ones, and any that comes twice. */
export function listOf(parameter: string, text: string, max: number, hint = ''): string[] {
  const all = text.split(',');
  const twice = all.find((each, at) => all.indexOf(each) !== at);
  const detail = all.includes('')
    ? 'an entry is empty: write them with one comma between, as in a,b'
    : twice !== undefined
      ? `"${twice.slice(0, 60)}" is in it twice`
      : all.length > max
        ? `${all.length} are too many: name at most ${max}. ${hint}`.trim()
        : undefined;
  if (detail !== undefined) throw invalidRequest([{ parameter, detail }]);
  return all;
}

/** The size of the buckets of a report of `networks`. Throws a 400 for more points than an answer holds. */
export function bucketOf(span: Span, bucket: BucketName | undefined, networks: number): BucketName {
  const size = bucket ?? bucketDefaults[span.name];
  // The first one may begin before the span.
  const points = networks * (Math.ceil(span.seconds / windowSeconds[size]) + 1);
  if (points <= pointsMax) return size;
  throw invalidRequest([
    {
      parameter: 'bucket',
      detail: `${networks} × ${span.name} by ${size} are ${points} points, of at most ${pointsMax}: ask for longer buckets, a shorter window or fewer networks`,
    },
  ]);
}
