import type { BucketName } from '../../../../contracts/analytics-answers.ts';
import type { ProtocolAnswer } from '../../../../contracts/protocol-answers.ts';
import { type SeriesLines, timesOf } from '../../ui/series-lines.ts';

/** What a protocol's buckets are drawn by. */
export const protocolFigures = ['calls', 'users', 'events', 'failedCalls'] as const;
export type ProtocolFigure = (typeof protocolFigures)[number];

type Volume = NonNullable<ProtocolAnswer['networks'][number]['volumes']>[number];
export type VolumeRow = Volume & { readonly network: string; readonly key: string };

/** One line a network; a bucket in which nothing was counted is a hole. */
export function linesOf(protocol: ProtocolAnswer | undefined, figure: ProtocolFigure, bucket: BucketName): SeriesLines {
  const networks = (protocol?.networks ?? []).flatMap(({ network, buckets }) =>
    buckets === null || buckets.length === 0 ? [] : [{ network, buckets }],
  );
  const times = timesOf(
    networks.flatMap(({ buckets }) => buckets.map(({ start }) => start)),
    bucket,
  );
  const lines = networks.map(({ network, buckets }) => {
    const byStart = new Map(buckets.map((each) => [each.start, each[figure]]));
    return { label: network, values: times.map((time) => byStart.get(time) ?? null) };
  });
  return { times, lines };
}

/** The events and amounts of all networks, the most frequent first. */
export function volumesOf(protocol: ProtocolAnswer | undefined): readonly VolumeRow[] {
  return (protocol?.networks ?? [])
    .flatMap(({ network, volumes }) =>
      (volumes ?? []).map((volume) => {
        const { contract, address, event, field, asset } = volume;
        return { ...volume, network, key: [network, contract, address, event, field, asset].join(' ') };
      }),
    )
    .toSorted((a, b) => b.count - a.count);
}
