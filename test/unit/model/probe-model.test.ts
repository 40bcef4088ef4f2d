import { afterEach, expect, test } from 'vitest';
import { AbilityMemory } from '../../../src/model/abilities.ts';
import { connectModel } from '../../../src/model/connect-model.ts';
import { probeModel, type Probe } from '../../../src/model/probe-model.ts';
import { FakeClock, settleTasks, whileTimePasses } from '../../support/fake-clock.ts';
import { scriptedModel, type Script, type ScriptedModel } from '../../support/scripted-model.ts';

const servers: ScriptedModel[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function setUp(script: Script, contextTokens?: number) {
  const server = await scriptedModel(script);
  servers.push(server);
  const clock = new FakeClock();
  const model = connectModel({ ...server.endpoint, ...(contextTokens ? { contextTokens } : {}) }, clock, {
    memory: new AbilityMemory(),
  });
  return { server, clock, model };
}

const brief = (probes: readonly Probe[]) => probes.map(({ name, works }) => `${name} ${works}`);
const able: Script = ({ body }) => {
  const text = body.messages.at(-1)!.content!;
  if (body.tools) return { calls: [{ tool: 'describe_pod', args: { name: 'geo-1' } }] };
  if (text.includes('bird')) return { text: 'Heron.' };
  return { text: 'ready, one, two, three, four' };
};

test('a model that can do everything passes, and each probe is told as it ends', async () => {
  const { server, clock, model } = await setUp(able);
  const told: Probe[] = [];
  const probes = await probeModel(model, clock, new AbortController().signal, (probe) => told.push(probe));
  expect(brief(probes)).toEqual([
    'plain true',
    'tool call true',
    'forced tool true',
    'stream true',
    'long context true',
  ]);
  expect(told).toEqual(probes);
  const long = server.requests.at(-1)!.body.messages[0]!.content!;
  expect(long.length / 4).toBeGreaterThan(5_000);
  expect(long.indexOf('heron')).toBeGreaterThan(long.length * 0.4);
  expect(long.indexOf('heron')).toBeLessThan(long.length * 0.6);
});

test('a model that can do nothing fails, with what was seen in a line each', async () => {
  const { clock, model } = await setUp(() => ({ text: '' }));
  const probes = await probeModel(model, clock, new AbortController().signal, () => undefined);
  expect(brief(probes)).toEqual([
    'plain false',
    'tool call false',
    'forced tool false',
    'stream false',
    'long context false',
  ]);
  for (const { text } of probes) expect(text).toMatch(/^.+$/);
});

test('the long text fits the context of the model', async () => {
  const { server, clock, model } = await setUp(able, 2_048);
  await probeModel(model, clock, new AbortController().signal, () => undefined);
  expect(server.requests.at(-1)!.body.messages[0]!.content!.length / 4).toBeLessThan(2_048);
});

test.each([
  ['a pod of its own fancy', { name: 'geo-2' }, true, 'geo-2'],
  ['no name', { pod: 'geo-1' }, false, 'schema'],
  ['no JSON', '{"name": ', false, 'schema'],
] as const)('a call with %s is told', async (_, args, works, words) => {
  const { clock, model } = await setUp(() => ({ calls: [{ tool: 'describe_pod', args }] }));
  const [, call] = await probeModel(model, clock, new AbortController().signal, () => undefined);
  expect(call).toMatchObject({ works, text: expect.stringContaining(words) });
});

test('failures are told and the next probe follows', async () => {
  const { clock, model } = await setUp(() => ({ error: { status: 401, message: 'no' } }));
  const probes = await probeModel(model, clock, new AbortController().signal, () => undefined);
  expect(probes).toHaveLength(5);
  expect(probes[0]!.text).toContain('key');
});

test('a probe that takes too long is given up', async () => {
  const silent = Promise.withResolvers<void>();
  const { clock, model } = await setUp((_, index) => (index === 0 ? { before: silent.promise } : { text: 'x' }));
  const probes = await whileTimePasses(
    clock,
    probeModel(model, clock, new AbortController().signal, () => undefined),
    10_000,
  );
  expect(probes[0]).toMatchObject({ works: false, text: 'took longer than 120 s' });
});

test('stopping ends the probes', async () => {
  const { server, clock, model } = await setUp(() => ({ text: 'words', then: { after: 1, does: 'stall' } }));
  const stop = new AbortController();
  const work = probeModel(model, clock, stop.signal, () => undefined);
  await server.came(1);
  await settleTasks();
  stop.abort(new Error('enough'));
  await expect(work).rejects.toThrow('enough');
  expect(server.requests).toHaveLength(1);
});
