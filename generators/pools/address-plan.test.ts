import { describe, expect, it } from 'vitest';
import { addressPlan, awsRegions } from './address-plan.ts';

describe('address plan', () => {
  const { gcp, digitalocean, hetzner } = addressPlan;
  const networks = [
    ...Object.values(gcp),
    ...Object.values(digitalocean),
    hetzner.network,
    hetzner.pods,
    hetzner.services,
    ...Object.values(awsRegions).map(({ cidr }) => cidr),
  ];

  it('has no two networks that overlap, so that any two can be joined', () => {
    const clashes = networks.flatMap((one, index) =>
      networks.slice(index + 1).flatMap((other) => (overlaps(one, other) ? [`${one} ${other}`] : [])),
    );
    expect(networks.length).toBeGreaterThan(10);
    expect(clashes).toEqual([]);
  });

  it('stays in the range that network policies let pods reach rented stores in', () => {
    for (const cidr of networks) expect(within(cidr, '10.0.0.0/8'), cidr).toBe(true);
  });

  it('puts the parts of a region inside its network, and none over another', () => {
    for (const { cidr, zones } of Object.values(awsRegions)) {
      const parts = zones.flatMap(({ publicCidr, privateCidr }) => [publicCidr, privateCidr]);
      for (const [index, part] of parts.entries()) {
        expect(within(part, cidr), part).toBe(true);
        for (const other of parts.slice(index + 1)) expect(overlaps(part, other), `${part} ${other}`).toBe(false);
      }
    }
  });
});

function rangeOf(cidr: string): [number, number] {
  const [address = '', bits = ''] = cidr.split('/');
  const first = address.split('.').reduce((total, byte) => total * 256 + Number(byte), 0);
  const size = 2 ** (32 - Number(bits));
  expect(first % size, `${cidr} begins inside itself`).toBe(0);
  return [first, first + size - 1];
}

function overlaps(one: string, other: string): boolean {
  const [[a, b], [c, d]] = [rangeOf(one), rangeOf(other)];
  return a <= d && c <= b;
}

function within(part: string, whole: string): boolean {
  const [[a, b], [c, d]] = [rangeOf(part), rangeOf(whole)];
  return c <= a && b <= d;
}
