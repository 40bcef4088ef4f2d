import { describe, expect, test } from 'vitest';
import { whileTimePasses } from '../../support/fake-clock.ts';
import type { ScriptedAnswer } from '../../support/scripted-model.ts';
import { ASK, endOf, event, says, setUp, textOf } from '../../support/served-model.ts';

describe('a server that says nothing', () => {
  test.each([
    ['before its first byte', { text: 'x', before: new Promise(() => undefined) }],
    ['after its headers', { text: 'x', then: { after: 0, does: 'stall' } }],
  ] as [string, ScriptedAnswer][])('%s is left, on this machine after five minutes', async (_, answer) => {
    const { server, clock, ask } = await setUp([answer], null, {});
    const work = ask().catch((reason: unknown) => reason);
    await server.came(1);
    expect(await whileTimePasses(clock, work, 10_000)).toMatchObject({
      fault: 'stalled',
      message: expect.stringContaining('300 s'),
    });
    await server.requests[0]!.abandoned;
  });

  test.each([
    ['in the middle', { text: 'some words and more', then: { after: 3, does: 'stall' } }],
    [
      'but empty pieces',
      { raw: { pieces: [says('a'), event({ choices: [{ delta: {} }] })] }, then: { after: 2, does: 'stall' } },
    ],
  ] as [string, ScriptedAnswer][])('%s is left after one', async (_, answer) => {
    const { server, clock, model } = await setUp([answer], null, {});
    const parts = model.complete(ASK, new AbortController().signal)[Symbol.asyncIterator]();
    await parts.next();
    const rest = (async () => {
      while (!(await parts.next()).done);
    })().catch((reason: unknown) => reason);
    expect(await whileTimePasses(clock, rest, 10_000)).toMatchObject({
      fault: 'stalled',
      message: expect.stringContaining('60 s'),
    });
    await server.requests[0]!.abandoned;
  });

  test('after the end of the answer, keeps the answer', async () => {
    const { clock, ask } = await setUp([
      { raw: { pieces: [says('whole', 'stop')] }, then: { after: 1, does: 'stall' } },
    ]);
    const work = ask();
    await clock.pausing(5_000);
    await clock.advance(5_000);
    const parts = await work;
    expect(textOf(parts)).toBe('whole');
    expect(endOf(parts)).toMatchObject({ reason: 'stop' });
  });
});

describe('an answer without end', () => {
  test('is not read further than an answer of its limit could be', async () => {
    const { server, ask } = await setUp([
      {
        raw: { pieces: Array.from({ length: 200 }, () => says('y'.repeat(1000))) },
        then: { after: 199, does: 'stall' },
      },
    ]);
    const parts = await ask();
    expect(textOf(parts).length).toBeLessThan(30_000);
    expect(endOf(parts)).toMatchObject({ reason: 'length' });
    await server.requests[0]!.abandoned;
  });
});

describe('stopping', () => {
  test('by the signal ends the request with its reason', async () => {
    const { server, ask } = await setUp([{ text: 'words', then: { after: 2, does: 'stall' } }]);
    const stop = new AbortController();
    const work = ask({}, stop.signal).catch((reason: unknown) => reason);
    await server.came(1);
    stop.abort(new Error('enough'));
    expect(await work).toMatchObject({ message: 'enough' });
    await server.requests[0]!.abandoned;
  });

  test('to read ends the request', async () => {
    const { server, model } = await setUp([
      { text: 'many words, far too many words', then: { after: 3, does: 'stall' } },
    ]);
    for await (const part of model.complete(ASK, new AbortController().signal)) if (part.type === 'text') break;
    await server.requests[0]!.abandoned;
  });

  test('while waiting to try again asks no more', async () => {
    const { server, clock, ask } = await setUp([{ error: { status: 500 } }]);
    const stop = new AbortController();
    const work = ask({}, stop.signal).catch((reason: unknown) => reason);
    await clock.pausing(500);
    stop.abort(new Error('enough'));
    expect(await work).toMatchObject({ message: 'enough' });
    expect(server.requests).toHaveLength(1);
  });
});
