import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenApiDocument } from '../../../scripts/generate-openapi-fields.ts';
import { fieldsOf } from '../../../scripts/generate-openapi-fields.ts';
import { ApiClient } from '../../testbed/api-client.ts';
import { readRecord } from '../../testbed/instance-record.ts';
import { stateFolder } from '../../testbed/paths.ts';
import { fieldsWithoutRule } from '../../unit/undo/consequences/fields-without-rule.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';

let cluster: TestCluster;
let api: ApiClient;

beforeAll(async () => {
  cluster = await acquireCluster();
  const folder = stateFolder(cluster.instance.name);
  api = new ApiClient(folder, readRecord(folder)!);
});
afterAll(async () => {
  api?.close();
  await cluster?.release();
});

async function get<T>(path: string): Promise<T> {
  const { status, body } = await api.send('GET', path);
  if (status !== 200) throw new Error(`${path}: ${status}`);
  return body as T;
}

/** Group versions that definitions and aggregated servers added to those built in. */
async function added(): Promise<Set<string>> {
  const definitions = await get<{ items: Array<{ spec: { group: string; versions: Array<{ name: string }> } }> }>(
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  );
  const services = await get<{ items: Array<{ spec: { group: string; version: string; service?: object } }> }>(
    '/apis/apiregistration.k8s.io/v1/apiservices',
  );
  return new Set([
    ...definitions.items.flatMap(({ spec }) => spec.versions.map(({ name }) => `apis/${spec.group}/${name}`)),
    ...services.items.filter(({ spec }) => spec.service).map(({ spec }) => `apis/${spec.group}/${spec.version}`),
  ]);
}

describe('the table of consequences', () => {
  it('has every kind and field that this API server serves of its own', async () => {
    const index = await get<{ paths: Record<string, { serverRelativeURL: string }> }>('/openapi/v3');
    const foreign = await added();
    const builtIn = Object.entries(index.paths).filter(([name]) => !foreign.has(name));
    const documents: OpenApiDocument[] = [];
    for (const [, { serverRelativeURL }] of builtIn) documents.push(await get<OpenApiDocument>(serverRelativeURL));
    const fields = fieldsOf(documents);
    expect(fields.size).toBeGreaterThan(50);
    expect(fieldsWithoutRule(fields)).toEqual([]);
  });
});
