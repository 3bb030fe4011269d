import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{catalog,generators,services}/**/*.test.ts'],
    // Real PostgreSQL, ClickHouse and anvil processes start inside some tests; two cores are the smallest machine we support.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    pool: 'forks',
  },
});
