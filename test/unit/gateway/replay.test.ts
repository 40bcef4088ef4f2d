import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import { LiveFacts } from '../../../src/gateway/inventory/live-facts.ts';
import { MetadataReader } from '../../../src/gateway/inventory/metadata-reader.ts';
import type { OpenJournal } from '../../../src/gateway/journal/open-journal.ts';
import { Replay } from '../../../src/gateway/replay/replay.ts';
import { UndoAccess } from '../../../src/gateway/replay/undo-access.ts';
import { UndoFindings } from '../../../src/gateway/replay/undo-findings.ts';
import { Discovery } from '../../../src/gateway/wire/discovery.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import { passAsUpstream } from '../../../src/gateway/wire/raw-access.ts';
import type { Upstream } from '../../../src/gateway/wire/upstream.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const PATH = '/api/v1/namespaces/shop/configmaps/one';
const config = (data: object, version: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'one', namespace: 'shop', uid: 'u1', resourceVersion: version },
  data,
});

/** Restores `a` from 1 of an object into which somebody else wrote meanwhile. @param refuses methods without a right */
async function restored(refuses: readonly string[]) {
  let live = config({ a: '2', theirs: 'x' }, '3');
  const methods: string[] = [];
  const server: Upstream = {
    request: async ({ method, body }) => {
      const answer = (status: number, value: unknown) => ({
        status,
        headers: {},
        body: Readable.from([Buffer.from(JSON.stringify(value))]),
      });
      if (method === 'GET') return answer(200, live);
      methods.push(method);
      if (refuses.includes(method)) return answer(403, { kind: 'Status', message: `no right to ${method}` });
      const sent = JSON.parse(String(body)) as KubeObject;
      if (sent.metadata.resourceVersion !== live.metadata.resourceVersion) return answer(409, { message: 'conflict' });
      live = config(sent['data'] as object, '4');
      return answer(200, live);
    },
  };
  const journal = { append: async () => undefined, note: async () => undefined } as unknown as OpenJournal;
  const clock = new FakeClock();
  const access = new UndoAccess({
    upstream: server,
    journal,
    clock,
    signal: new AbortController().signal,
    patienceMs: 1_000,
    mayWrite: async () => null,
    crash: () => undefined,
  });
  const api = new KubeApi(passAsUpstream(server));
  const discovery = new Discovery((path) => api.find(path));
  const facts = new LiveFacts(api, discovery, new MetadataReader(api), () => 0);
  const findings = new UndoFindings();
  const replay = new Replay(access, discovery, facts, findings, 'stratus-1', new Set(), new Set());
  const edits = [{ before: config({ a: '1' }, '1'), after: config({ a: '2' }, '2') }];
  await replay.perform({ action: 'restore', ref: refOf(live), path: PATH, edits });
  return { methods, data: live['data'] as object, differences: findings.differences };
}

describe('a restore beside the edit of somebody else', () => {
  it('updates the object where it may not be patched: only the right to update was asked for', async () => {
    const { methods, data, differences } = await restored(['PATCH']);
    expect(methods).toEqual(['PATCH', 'PUT']);
    expect(data).toEqual({ a: '1', theirs: 'x' });
    expect(differences).toEqual([]);
  });

  it('says what stays where it may do neither', async () => {
    const { methods, data, differences } = await restored(['PATCH', 'PUT']);
    expect(methods).toEqual(['PATCH', 'PUT']);
    expect(data).toEqual({ a: '2', theirs: 'x' });
    expect(differences).toMatchObject([{ path: '/data/a', expected: '1' }]);
  });
});
