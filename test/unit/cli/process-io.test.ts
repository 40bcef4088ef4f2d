import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Interruptions } from '../../../src/cli/interruptions.ts';
import type { LostOutput } from '../../../src/cli/output.ts';
import { Output } from '../../../src/cli/output.ts';
import { wantsColour } from '../../../src/cli/process-io.ts';
import { harmless } from '../../../src/text/plain-text.ts';

/** A stream whose writes fail from the `from`-th on, as the process's own do: they stay there and fail again. */
function failing(code: string, from = 1, how: 'called back' | 'thrown' = 'called back') {
  const taken: string[] = [];
  let n = 0;
  const stream = new Writable({
    autoDestroy: false,
    write(chunk: Buffer, _encoding, done) {
      if (++n < from) return (taken.push(chunk.toString()), done());
      done(Object.assign(new Error(`write ${code}`), { code }));
    },
  });
  if (how === 'thrown') {
    stream.write = () => {
      throw Object.assign(new Error(`write ${code}`), { code });
    };
  }
  return { stream, taken };
}

describe('output', () => {
  it.each(['called back', 'thrown'] as const)('that fails (%s) is told once and dropped from then on', async (how) => {
    const lost: LostOutput[] = [];
    const { stream } = failing('EPIPE', 1, how);
    const good = failing('none', 99);
    const output = new Output(stream, good.stream, (one) => lost.push(one));
    for (const text of ['a', 'b', 'c']) output.write('stdout', text);
    expect(lost, 'never from within a write').toEqual([]);
    await setImmediate();
    output.write('stdout', 'd');
    output.write('stderr', 'e');
    await setImmediate();
    expect(lost).toEqual([{ code: 'EPIPE', message: 'write EPIPE' }]);
    expect(good.taken).toEqual(['e']);
  });

  it('outlives both of its streams', async () => {
    const lost: LostOutput[] = [];
    const output = new Output(failing('EPIPE', 2).stream, failing('EIO').stream, (one) => lost.push(one));
    for (let n = 0; n < 5; n++) for (const name of ['stdout', 'stderr'] as const) output.write(name, 'x');
    await setImmediate();
    expect(lost.map(({ code }) => code).sort()).toEqual(['EIO', 'EPIPE']);
  });
});

describe('interruptions', () => {
  it('leave a process to its signals until somebody listens, and never end it from then on', () => {
    const source = new EventEmitter();
    const interruptions = new Interruptions(source, 'linux');
    expect([source.eventNames(), interruptions.guarded]).toEqual([[], false]);
    const heard: string[] = [];
    const first = interruptions.listen((by) => heard.push(`first ${by}`));
    interruptions.listen((by) => heard.push(`second ${by}`)).dispose();
    expect(source.eventNames()).toEqual(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']);
    for (const name of source.eventNames()) expect(source.listenerCount(name)).toBe(1);
    source.emit('SIGHUP');
    first.dispose();
    source.emit('SIGQUIT');
    expect(heard).toEqual(['first SIGHUP']);
    expect([source.listenerCount('SIGQUIT'), interruptions.guarded]).toEqual([1, true]);
  });

  it('ask Windows only for signals that it has', () => {
    const source = new EventEmitter();
    new Interruptions(source, 'win32').listen(() => undefined);
    expect(source.eventNames()).not.toContain('SIGQUIT');
  });
});

it('colours are for terminals that want them', () => {
  const terminal = { isTTY: true };
  expect(wantsColour(terminal, { TERM: 'xterm' })).toBe(true);
  for (const [stream, env] of [
    [terminal, { NO_COLOR: '1' }],
    [terminal, { TERM: 'dumb' }],
    [{}, { TERM: 'xterm' }],
  ] as const)
    expect(wantsColour(stream, env)).toBe(false);
  expect(wantsColour(terminal, { NO_COLOR: '' }), 'an empty one says nothing').toBe(true);
  expect(harmless('\u001b[31mtheirs\u001b[0m', false)).toBe('theirs');
});
