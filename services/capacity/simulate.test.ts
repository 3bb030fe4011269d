import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { demandOf } from './demand.ts';
import { planOf } from './model.ts';
import { loadPlanning } from './planning.ts';
import { simulate } from './simulate.ts';
import { simulationOf, sizes } from './sizes.ts';

const catalog = loadPlanning(join(import.meta.dirname, '..', '..'));

describe(simulate, () => {
  it('gives the same for the same options', () => {
    const options = { ...optionsFor(50), seconds: 120 };
    expect(simulate(options)).toEqual(simulate(options));
    expect(simulate({ ...options, seed: 2 })).not.toEqual(simulate(options));
  });

  it.each(sizes)("$networks networks: the plan's replicas keep 99 of 100 commits below two seconds", ({ networks }) => {
    const { lag, commits, left } = simulate({ ...optionsFor(networks), seconds: 150 });
    expect(lag.p99).toBeLessThan(2);
    expect(left).toBeLessThan(0.02 * commits);
  });

  it.each([500, 5000])('%i networks: half the replicas do so too, as windows alone come later', (networks) => {
    const options = optionsFor(networks);
    const { lag } = simulate({ ...options, replicas: Math.floor(options.replicas / 2), seconds: 150 });
    expect(lag.p99).toBeLessThan(2);
  });

  it.each([500, 5000])('%i networks: an eighth of the replicas do not', (networks) => {
    const options = optionsFor(networks);
    const { lag, utilisation } = simulate({ ...options, replicas: Math.floor(options.replicas / 8), seconds: 150 });
    expect(lag.p99).toBeGreaterThan(8);
    expect(utilisation).toBeGreaterThan(0.9);
  });

  it('5000 networks: nor do the partitions of today, whatever the replicas', () => {
    const { lag } = simulate({ ...optionsFor(5000), partitions: 12, seconds: 150 });
    expect(lag.p99).toBeGreaterThan(30);
  });

  it.each([50, 500])('%i networks: a replica that dies is made up for soon, and loses no commit', (networks) => {
    const options = { ...optionsFor(networks), seconds: 400 };
    const [undisturbed, killed] = [
      simulate(options),
      simulate({ ...options, kill: { atSeconds: 120, backAfterSeconds: 60 } }),
    ];
    expect(killed.recoverySeconds).toBeGreaterThan(10);
    expect(killed.recoverySeconds).toBeLessThan(90);
    expect(killed.left).toBeLessThan(50);
    // Around the end a few may be on their way, or not.
    expect(Math.abs(killed.commits + killed.left - undisturbed.commits - undisturbed.left)).toBeLessThan(
      0.01 * undisturbed.commits,
    );
  });
});

function optionsFor(networks: number) {
  return simulationOf(planOf(demandOf({ networks, pairs: 4 * networks }), catalog));
}
