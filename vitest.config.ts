import { defineConfig } from 'vitest/config';

/** One for each simulated cluster: files that share one would meet each other's nodes, fences and webhooks. */
const lanes = (process.env.STRATUS_TEST_SIMULATED ?? '').split(',').length;

/** Projects by what they need: `unit` and `golden` nothing, `cluster` a running testbed. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/golden/**/*.test.ts'], testTimeout: 30_000 } },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          testTimeout: 300_000,
          // Files that share a cluster wait for their turn in a hook.
          hookTimeout: 1_200_000,
          fileParallelism: lanes > 1,
          maxWorkers: lanes,
        },
      },
    ],
  },
});
