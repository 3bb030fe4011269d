import type { ProtocolAnswer } from '../../../../contracts/protocol-answers.ts';
import type { Line } from '../../ui/line-chart.tsx';

/** What a protocol's buckets are drawn by. */
export const protocolFigures = ['calls', 'users', 'events', 'failedCalls'] as const;
export type ProtocolFigure = (typeof protocolFigures)[number];

type Volume = NonNullable<ProtocolAnswer['networks'][number]['volumes']>[number];
export type VolumeRow = Volume & { readonly network: string; readonly key: string };

/** One line a network; a bucket in which nothing was counted is a hole. */
export function linesOf(
  protocol: ProtocolAnswer | undefined,
  figure: ProtocolFigure,
  stepSeconds: number,
): { readonly times: readonly number[]; readonly lines: readonly Line[] } {
  const networks = (protocol?.networks ?? []).filter(({ buckets }) => buckets !== null && buckets.length > 0);
  const starts = networks.flatMap(({ buckets }) => (buckets ?? []).map(({ start }) => start));
  if (starts.length === 0) return { times: [], lines: [] };
  const first = starts.reduce((a, b) => Math.min(a, b));
  const last = starts.reduce((a, b) => Math.max(a, b));
  const times = Array.from({ length: (last - first) / stepSeconds + 1 }, (_, at) => first + at * stepSeconds);
  const lines = networks.map(({ network, buckets }) => {
    const byStart = new Map((buckets ?? []).map((bucket) => [bucket.start, bucket[figure]]));
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
