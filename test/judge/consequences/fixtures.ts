import { CLUSTER } from './fixtures/cluster.ts';
import { CUSTOM } from './fixtures/custom.ts';
import type { Fixtures } from './fixtures/fixture.ts';
import { OWNERS } from './fixtures/owners.ts';
import { PLAIN } from './fixtures/plain.ts';
import { VOLUMES } from './fixtures/volumes.ts';
import { WORKLOADS } from './fixtures/workloads.ts';

/** By the names that the corpus uses. */
export const FIXTURES: Fixtures = { ...PLAIN, ...WORKLOADS, ...OWNERS, ...VOLUMES, ...CLUSTER, ...CUSTOM };
