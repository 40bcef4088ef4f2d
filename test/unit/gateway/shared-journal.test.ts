import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { JournalRecord, OpenRecord } from '../../../src/gateway/journal/journal-records.ts';
import { keyFrom } from '../../../src/gateway/journal/journal-key.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import type { GatewayRequest, GatewayResponse } from '../../../src/gateway/wire/messages.ts';
import { jsonResponse, parseObject, readAll, statusResponse } from '../../../src/gateway/wire/messages.ts';
import { Monitor } from '../../../src/gateway/monitor/monitor.ts';
import { SharedJournal, SharedJournalInUse, sharedJournalGrants } from '../../../src/gateway/journal/shared-journal.ts';
import type { UpstreamRequest } from '../../../src/gateway/wire/upstream.ts';
import { Readable } from 'node:stream';

const NS = 'kube-system';
const key = keyFrom('11'.repeat(32), 'test');

/** Secrets of one namespace with versions, behind the gateway's control mode. */
class Secrets {
  readonly objects = new Map<string, KubeObject>();
  /** Fails the next writes whose Secret's name is in here. */
  readonly failing = new Set<string>();
  #version = 0;

  api(): KubeApi {
    const upstream = {
      request: async ({ method, path, body }: UpstreamRequest) => {
        const answer = await this.#handle(method, path.split('?')[0]!, body);
        return {
          status: answer.status,
          headers: answer.headers,
          body: Readable.from([await readAll(answer.body as GatewayRequest['body'])]),
        };
      },
    };
    return new KubeApi(new Monitor(upstream as never, 'control', { control: sharedJournalGrants(NS) }));
  }

  async #handle(method: string, path: string, body: UpstreamRequest['body']): Promise<GatewayResponse> {
    const object = parseObject(await readAll((body ?? null) as GatewayRequest['body']));
    const name = method === 'POST' ? object!.metadata.name : path.split('/').at(-1)!;
    const known = this.objects.get(name);
    if (method === 'GET') return known ? jsonResponse(200, known) : statusResponse(404, `${name} not found`);
    if (this.failing.has(name)) return statusResponse(500, 'etcd is down');
    if (method === 'DELETE') {
      this.objects.delete(name);
      return jsonResponse(200, {});
    }
    if (method === 'POST' && known) return statusResponse(409, `${name} already exists`);
    if (method === 'PUT' && known?.metadata.resourceVersion !== object!.metadata.resourceVersion)
      return statusResponse(409, 'the object has been modified');
    const stored = { ...object!, metadata: { ...object!.metadata, resourceVersion: String(++this.#version) } };
    this.objects.set(name, stored);
    return jsonResponse(method === 'POST' ? 201 : 200, stored);
  }
}

const openRecord = (id: string): OpenRecord => ({
  type: 'open',
  id,
  run: 'run-1',
  title: 'a change',
  target: { context: 'c', server: 's', namespace: 'shop', fingerprint: 'f' },
  maxWrites: 20,
  manager: `stratus-${id}`,
  at: '2026-11-21T00:00:00Z',
});
const intent = (seq: number, bytes = 10): JournalRecord =>
  ({
    type: 'intent',
    seq,
    ref: { apiVersion: 'v1', kind: 'ConfigMap', name: 'c' },
    body: randomBytes(bytes).toString('hex'),
  }) as never;
const outcome = (seq: number): JournalRecord => ({ type: 'outcome', seq, status: 200 }) as never;
const ended = (status: 'committed' | 'undone'): JournalRecord => ({ type: 'phase', status, at: '' });

let secrets: Secrets;
let shared: SharedJournal;
beforeEach(() => {
  secrets = new Secrets();
  shared = new SharedJournal(secrets.api(), key, NS);
});

const chunk = (index: number) => secrets.objects.get(`stratus-journal-${index}`)!;
const lines = (index: number) => Buffer.from(chunk(index).data.lines as string, 'base64');

describe('a transaction shared with the team', () => {
  it('is read back with what came before the last intent, and nothing of it in clear', async () => {
    const copy = await shared.begin(openRecord('tx-1'));
    const records = [intent(1), outcome(1), intent(2), outcome(2)];
    for (const record of records) await copy.add(record);
    expect(await shared.read()).toEqual({
      open: openRecord('tx-1'),
      records: [openRecord('tx-1'), ...records.slice(0, 3)],
    });
    expect(JSON.stringify([...secrets.objects.values()])).not.toMatch(/ConfigMap|a change/);
    await copy.end();
    expect(secrets.objects.size).toBe(0);
    expect(await shared.read()).toBeNull();
  });

  it('goes over several Secrets, each below what the server takes', async () => {
    const copy = await shared.begin(openRecord('tx-1'));
    for (let seq = 1; seq <= 4; seq++) await copy.add(intent(seq, 500_000));
    expect(secrets.objects.size).toBeGreaterThan(3);
    for (const { data } of secrets.objects.values())
      expect(Buffer.from(data.lines, 'base64').length).toBeLessThanOrEqual(1 << 20);
    expect((await shared.read())!.records).toHaveLength(5);
    await copy.end();
    expect(secrets.objects.size).toBe(0);
  });

  it('that does not fit refuses the intent, and the earlier ones stay readable', async () => {
    const copy = await shared.begin(openRecord('tx-1'));
    await copy.add(intent(1));
    await expect(copy.add(intent(2, 4 << 20))).rejects.toThrow(/would grow beyond 7 MiB/);
    expect((await shared.read())!.records).toHaveLength(2);
    await copy.add(intent(2));
    expect((await shared.read())!.records).toHaveLength(3);
  });

  it('whose copy cannot be written refuses the intent, but not the end', async () => {
    const copy = await shared.begin(openRecord('tx-1'));
    secrets.failing.add('stratus-journal-0');
    await expect(copy.add(intent(1))).rejects.toThrow(/Secret stratus-journal-0\): .*etcd is down/);
    await copy.add(ended('committed'));
  });

  it('survives a crash between two Secrets: what was not acknowledged is not there', async () => {
    const copy = await shared.begin(openRecord('tx-1'));
    await copy.add(intent(1, 300_000));
    secrets.failing.add('stratus-journal-0');
    await expect(copy.add(intent(2, 300_000))).rejects.toThrow();
    expect(secrets.objects.has('stratus-journal-1')).toBe(true);
    expect((await shared.read())!.records).toHaveLength(2);
  });
});

describe('the next transaction', () => {
  it('does not overwrite what is owed', async () => {
    const copy = await shared.begin(openRecord('tx-1'));
    await copy.add(intent(1));
    await expect(shared.begin(openRecord('tx-2'))).rejects.toBeInstanceOf(SharedJournalInUse);
    expect((await shared.read())!.open.id).toBe('tx-1');
  });

  it.each(['committed', 'undone'] as const)('replaces one that is %s', async (status) => {
    const copy = await shared.begin(openRecord('tx-1'));
    for (let seq = 1; seq <= 3; seq++) await copy.add(intent(seq, 500_000));
    await copy.add(ended(status));
    await shared.begin(openRecord('tx-2'));
    expect(await shared.read()).toMatchObject({ open: { id: 'tx-2' }, records: [{ id: 'tx-2' }] });
    expect(secrets.objects.size).toBe(1);
  });

  it('replaces one that never wrote', async () => {
    await shared.begin(openRecord('tx-1'));
    await shared.begin(openRecord('tx-2'));
    expect((await shared.read())!.open.id).toBe('tx-2');
  });

  it('is not ended by another one', async () => {
    await shared.begin(openRecord('tx-1'));
    await shared.ending('tx-2').end();
    expect((await shared.read())!.open.id).toBe('tx-1');
  });
});

describe('damage is named, never guessed around', () => {
  beforeEach(async () => {
    const copy = await shared.begin(openRecord('tx-1'));
    for (let seq = 1; seq <= 4; seq++) await copy.add(intent(seq, 400_000));
  });

  const change = (index: number, edit: (bytes: Buffer) => Buffer) => {
    const object = structuredClone(chunk(index));
    object.data.lines = edit(lines(index)).toString('base64');
    secrets.objects.set(`stratus-journal-${index}`, object);
  };

  it('another key', async () => {
    const other = new SharedJournal(secrets.api(), keyFrom('22'.repeat(32), 'test'), NS);
    await expect(other.read()).rejects.toThrow(/journal of tx-1 was sealed with another key: set STRATUS_SHARED_KEY/);
  });

  it('a flipped bit anywhere, with the Secret that holds it', async () => {
    const last = secrets.objects.size - 1;
    for (let round = 0; round < 40; round++) {
      const index = round % (last + 1);
      const whole = structuredClone(chunk(index));
      change(index, (bytes) => {
        const at = Math.floor((bytes.length * round) / 40);
        bytes[at] = bytes[at]! ^ (1 << (round % 8));
        return bytes;
      });
      await expect(shared.read(), `chunk ${index}`).rejects.toThrow(
        /damaged in Secret kube-system\/stratus-journal-\d|another key/,
      );
      secrets.objects.set(`stratus-journal-${index}`, whole);
    }
    await shared.read();
  });

  it('a Secret that is gone, cut off, or of another transaction', async () => {
    const last = secrets.objects.size - 1;
    const whole = structuredClone(chunk(last));
    secrets.objects.delete(`stratus-journal-${last}`);
    await expect(shared.read()).rejects.toThrow(`stratus-journal-${last}: it is missing`);
    secrets.objects.set(`stratus-journal-${last}`, whole);
    change(last, (bytes) => bytes.subarray(0, bytes.length - 10));
    await expect(shared.read()).rejects.toThrow(`stratus-journal-${last}: it ends after record 4`);
    const stranger = structuredClone(whole);
    stranger.metadata.annotations!['stratus-oncall/tx'] = 'tx-9';
    secrets.objects.set(`stratus-journal-${last}`, stranger);
    await expect(shared.read()).rejects.toThrow(`stratus-journal-${last}: it belongs to another transaction`);
  });
});

it('no other Secret can be touched by the mode that keeps the copy', async () => {
  const api = secrets.api();
  expect((await api.send('GET', `/api/v1/namespaces/${NS}/secrets/other`)).status).toBe(403);
  expect((await api.send('GET', `/api/v1/namespaces/shop/secrets/stratus-journal-0`)).status).toBe(403);
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'other', namespace: NS } };
  expect((await api.send('POST', `/api/v1/namespaces/${NS}/secrets`, { body })).status).toBe(403);
});
