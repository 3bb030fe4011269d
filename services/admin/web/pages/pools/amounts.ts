import type { PoolsAnswer } from '../../../../contracts/admin-answers.ts';

type Pool = PoolsAnswer['pools'][number];
type AmountName = 'cpuMillis' | 'memoryMiB' | 'diskGB';

export const amountTitles: readonly (readonly [AmountName, string])[] = [
  ['cpuMillis', 'CPU'],
  ['memoryMiB', 'Memory'],
  ['diskGB', 'Disk'],
];

/** An amount with its unit: CPUs, GiB, GB. */
export function amountText(name: AmountName, value: number): string {
  switch (name) {
    case 'cpuMillis':
      return `${Number((value / 1_000).toFixed(2))} CPU`;
    case 'memoryMiB':
      return `${Number((value / 1_024).toFixed(1))} GiB`;
    case 'diskGB':
      return `${Math.round(value).toLocaleString('en')} GB`;
  }
}

/** The known part of a bill by currency, and whether there is more. */
export function costText({ known, unpriced }: Pool['cost']['rest']): string {
  const sums = Object.entries(known).map(([currency, amount]) => `${amount.toFixed(2)} ${currency}`);
  const text = sums.length === 0 ? 'not known' : sums.join(' + ');
  return unpriced.length === 0 ? text : `${sums.length === 0 ? '' : 'at least '}${text}`;
}

/** What of a pool is full at rest, as in `memory of cluster`. Where no machine is decided yet, nothing is. */
export function fullCapacities({ capacity }: Pool): string[] {
  return capacity.flatMap(({ what, rest }) =>
    rest.full
      .filter((name) => rest.share[name] !== null)
      .map((name) => {
        const title = amountTitles.find(([each]) => each === name)?.[1] ?? name;
        return what === 'cluster' ? title : `${title} of ${what}`;
      }),
  );
}
