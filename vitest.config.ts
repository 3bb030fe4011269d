import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Tests start this program, the command lines and Node's own packages hundreds of times: each is compiled once. A process whose
// environment a test chooses whole goes without. https://nodejs.org/api/module.html#module-compile-cache
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules', '.cache', 'node-compile');

export default defineConfig({
  test: {
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
    // Real PostgreSQL, ClickHouse and anvil processes start inside some tests; two cores are the smallest machine we support.
    testTimeout: 60_000,
    // A broker or an engine that starts beside much else takes minutes; it says by itself when it cannot.
    hookTimeout: 180_000,
    // One more than the cores of that machine: much of the time a test waits for such a process, or for a timer.
    maxWorkers: 3,
    pool: 'forks',
  },
});
