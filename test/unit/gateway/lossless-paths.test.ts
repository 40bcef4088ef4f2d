import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { differingPointers, stableJson } from '../../../src/json/stable-json.ts';
import { changedLines } from '../../../src/cli/object-lines.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { MAX_DEPTH, parseJson, printJson } from '../../../src/json/lossless-json.ts';
import { parseApiRequest } from '../../../src/gateway/wire/api-request.ts';
import { JournalFile, readJournal } from '../../../src/gateway/journal/journal-file.ts';
import { headerOf, parseJournal, recordLine, startOf } from '../../../src/gateway/journal/journal-lines.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import { Monitor } from '../../../src/gateway/monitor/monitor.ts';
import { judgeRequest } from '../../../src/gateway/monitor/policy.ts';
import { fieldChanges, objectYaml } from '../../../src/ui/views/object-text.ts';
import { factsOf } from '../undo/consequences/fake-facts.ts';
import { forecastUndo } from '../../../src/undo/forecast.ts';

const THING =
  '{"apiVersion":"x.test/v1","kind":"Thing","metadata":{"name":"a","uid":"u"},"spec":{"n":9007199254740993,"f":1.50,"z":-0,"__proto__":{"toString":1e21},"constructor":"x"}}';
const key = { id: 'k'.repeat(16), bytes: randomBytes(32) };
const signal = new AbortController().signal;

function server(answer: (url: string) => string): { api: KubeApi; sent: string[] } {
  const sent: string[] = [];
  const handle = async (request: { url: string; body: Readable | Buffer | null }) => {
    if (request.body) sent.push(request.body.toString());
    return { status: 200, headers: {}, body: Readable.from([Buffer.from(answer(request.url))]) };
  };
  return { api: new KubeApi({ handle }), sent };
}

describe('numbers and keys stay as they are', () => {
  it('in what is read, listed, watched and sent', async () => {
    const { api, sent } = server((url) =>
      url.includes('watch=')
        ? `{"type":"ADDED","object":${THING}}\n`
        : url.includes('limit=')
          ? `{"items":[${THING}]}`
          : THING,
    );
    expect(printJson(await api.getJson('/x'))).toBe(THING);
    const answer = await api.send('PUT', '/x', { body: parseJson(THING) });
    expect(printJson(answer.object)).toBe(THING);
    expect(sent).toEqual([THING]);
    expect(printJson((await api.list('/x')).items[0])).toBe(THING);
    for await (const { object } of api.watch('/x', signal)) expect(printJson(object)).toBe(THING);
  });

  it('in a Secret whose values are blanked, also in a watch', async () => {
    const secret = (value: string) =>
      `{"kind":"Secret","metadata":{"name":"a","generation":9007199254740993},"data":{"toString":"${value}","__proto__":"${value}"}}`;
    const ask = async (url: string, body: string) => {
      const request = async () => ({
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: Readable.from([Buffer.from(body)]),
      });
      const monitor = new Monitor({ request } as never, 'read');
      const response = await monitor.handle({ method: 'GET', url, headers: {}, body: null, signal });
      return Buffer.isBuffer(response.body) ? response.body.toString() : text(response.body);
    };
    const path = '/api/v1/namespaces/a/secrets';
    expect(await ask(`${path}/a`, secret('aGk='))).toBe(secret(''));
    expect(await ask(`${path}?watch=true`, `{"type":"ADDED","object":${secret('aGk=')}}\n`)).toBe(
      `{"type":"ADDED","object":${secret('')}}\n`,
    );
  });

  it('in a journal', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stratus-journal-'));
    try {
      const deep = `${'{"a":['.repeat(MAX_DEPTH / 2)}1.0${']}'.repeat(MAX_DEPTH / 2)}`;
      const records = [THING, deep].map((before) => `{"type":"intent","seq":1,"companions":[{"before":${before}}]}`);
      const path = join(folder, 'tx-1.journal');
      const journal = await JournalFile.create(path, 'tx-1', key);
      for (const record of records) await journal.append(parseJson(record, MAX_DEPTH + 100), true);
      await journal.close();
      expect((await readJournal(path, 'tx-1', key)).records.map((record) => printJson(record))).toEqual(records);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('in a journal that was written by a plain JSON.stringify', () => {
    const record = { type: 'step', step: 0, argv: ['label', 'é'], at: '2026-01-01T00:00:00.000Z', n: 1.5 };
    const header = headerOf('tx-1', key);
    const { line } = recordLine(key, 'tx-1', startOf(header), { toJSON: () => record });
    expect(parseJournal(Buffer.from(header + line), 'f', 'tx-1', key).records).toEqual([record]);
  });

  it('in what people are shown', async () => {
    const before = parseJson(THING) as unknown as KubeObject;
    const after = parseJson(THING.replace('9007199254740993', '9007199254740992')) as unknown as KubeObject;
    expect(changedLines(before, after)).toEqual(['- spec.n: 9007199254740993', '+ spec.n: 9007199254740992']);
    expect(fieldChanges(before, after)).toEqual([
      { path: 'spec.n', before: '9007199254740993', after: '9007199254740992' },
    ]);
    const yaml = await objectYaml(before);
    for (const line of ['n: 9007199254740993', 'f: 1.50', 'z: -0', '__proto__:', 'toString: 1e21'])
      expect(yaml).toContain(line);
  });

  it('in what playbooks compare', () => {
    const [a, b] = [THING, THING.replace('9007199254740993', '9007199254740992')].map((json) => parseJson(json));
    expect(stableJson(a)).toContain('9007199254740993');
    expect(differingPointers(a, b)).toEqual(['/spec/n']);
  });
});

describe('names from outside that are inherited names', () => {
  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('mean nothing special: %s', async (name) => {
    const request = parseApiRequest('PATCH', `/apis/${name}/v1/namespaces/a/${name}/${name}`);
    expect(judgeRequest('journal', request)).toEqual({ action: 'write' });
    const ref = { apiVersion: 'x.test/v1', kind: name, name: 'a' };
    const object = { ...ref, metadata: { name: 'a' } } as KubeObject;
    const input = { ref, before: null, after: object, createdHere: false, builtIn: true };
    const facts = factsOf([]);
    expect((await forecastUndo({ ...input, verb: 'create' }, facts)).class).toBe('unknown');
    const change = { ...input, before: object, after: { ...object, data: { [name]: '1' } } };
    expect((await forecastUndo({ ...change, verb: 'update' }, facts)).class).toBe('unknown');
    expect((await forecastUndo({ ...change, verb: 'delete', after: null }, facts)).class).toBe('unknown');
  });
});

it('an answer nested too deeply is told, not taken for an absent object', async () => {
  const { api } = server(() => '{"a":'.repeat(MAX_DEPTH + 1) + '1' + '}'.repeat(MAX_DEPTH + 1));
  expect(await api.send('GET', '/x')).toMatchObject({
    object: null,
    message: expect.stringContaining('nested deeper'),
  });
  await expect(api.getJson('/x')).rejects.toThrow('nested deeper');
});
