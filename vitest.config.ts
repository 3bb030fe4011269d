import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { makeMemoryFolder } from './services/testing/memory-folder.ts';

// Tests start this program, the command lines and Node's own packages hundreds of times: each is compiled once. A process whose
// environment a test chooses whole goes without. https://nodejs.org/api/module.html#module-compile-cache
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules', '.cache', 'node-compile');

process.env.TMPDIR ??= makeMemoryFolder() ?? tmpdir();

/**
 * What takes longest comes first, so that the end of a run is many short files and not one long one: on a fresh clone nothing else
 * tells which these are. Files that start the whole program take turns with those that mostly wait.
 */
const longest = [
  'services/e2e/openapi/openapi.test.ts',
  'services/stores/networked/kafka-faults.test.ts',
  'generators/ci/pipeline.test.ts',
  'services/admin/browser/dashboard.test.ts',
  'services/bench/stream/bench.test.ts',
  'services/chain-pipeline.test.ts',
  'services/bench/api/bench.test.ts',
  'services/bench/render/bench.test.ts',
  'services/e2e/guide/guide.test.ts',
  'services/bench/ingest/bench.test.ts',
  'generators/command.test.ts',
  'services/stores/networked/kafka.test.ts',
  'services/bench/chain/bench.test.ts',
  'services/main.test.ts',
  'services/stores/bus.contract.test.ts',
  'services/chain-kills.test.ts',
  'services/datasets/chain/rebuild.test.ts',
  'services/market-pipeline.test.ts',
  'services/market-kills.test.ts',
  'services/datasets/chain/protocol-windows.test.ts',
  'services/testing/kafka/kafka-server.test.ts',
  'services/market-bar-kills.test.ts',
  'services/local-chains/module.test.ts',
];
const gone = longest.filter((file) => !existsSync(join(import.meta.dirname, file)));
if (gone.length > 0) throw new Error(`vitest.config.ts lists test files that are no more: ${gone.join(', ')}`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = longest.indexOf(relative(import.meta.dirname, moduleId));
      return at === -1 ? longest.length : at;
    };
    const others = await super.sort(files);
    return others.toSorted((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'rendering',
          include: ['{catalog,generators}/**/*.test.ts'],
          // Nothing here keeps what a test could change, and reading the modules anew for each file would take longer than its tests.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'services', include: ['services/**/*.test.ts'] } },
    ],
    // Real PostgreSQL, ClickHouse and anvil processes start inside some tests; two cores are the smallest machine we support, and a
    // deadline is for what never comes: a broker or an engine that starts beside much else takes minutes.
    testTimeout: 180_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 90_000 } },
    // One more than the cores of that machine: much of the time a test waits for such a process, or for a timer.
    maxWorkers: 3,
    pool: 'forks',
  },
});
