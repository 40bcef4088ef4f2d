import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../../src/domain/run-event.ts';
import type { UndoResult } from '../../../../src/domain/transaction.ts';
import type { StratusApp } from '../../../../src/run/app.ts';
import type { IncidentRun } from '../../../../src/run/incident/incident-run.ts';
import type { KeptOutcome, KeptWatchRequest } from '../../../../src/run/kept-changes.ts';
import type { Prompts } from '../../../../src/ui/editor/prompts.ts';
import type { KeptSession } from '../../../../src/ui/watch/kept-watches.ts';
import { KeptWatches } from '../../../../src/ui/watch/kept-watches.ts';
import { keptStatusWords, ranUnasked } from '../../../../src/ui/watch/kept-words.ts';
import { countdown } from '../../../../webview/clock.ts';
import type { KeptWatchView } from '../../../../webview/protocol/kept-watch-view.ts';
import { FakeClock, settleTasks } from '../../../support/fake-clock.ts';

const target = { context: 'staging', namespace: 'shop', server: 'https://198.18.0.1:6443', fingerprint: 'f' };
const geo = { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'geo' };
const PROOF = { hashBefore: 'h', hashAfter: 'h', levels: {}, residue: [], foreign: [] };
const UNDONE: UndoResult = { outcome: 'undone', writes: 1, proof: PROOF };

const approved = (via: 'policy' | 'editor', tx: string): RunEvent[] => [
  { type: 'approved', at: 0, hash: 'h', by: { via, id: 'someone', at: 0 } },
  { type: 'checkpointed', at: 0, tx, severity: { known: true, items: [] } },
];

/** A run of the window, as it is when it has ended. */
class EndedRun implements KeptSession {
  readonly id: string;
  readonly target = target;
  readonly isPast = false;
  ended = true;
  isProtected = false;
  state: 'committed' | 'undone' = 'committed';
  readonly views: KeptWatchView[] = [];
  readonly #events: RunEvent[];
  readonly #listeners = new Set<() => void>();

  constructor(id: string, events: RunEvent[] = approved('editor', 'tx-1')) {
    this.id = id;
    this.#events = events;
  }

  events() {
    return this.#events;
  }

  snapshot() {
    return { transactions: [{ id: 'tx-1', title: '', state: this.state }] };
  }

  noteKept(view: KeptWatchView): void {
    this.views.push(view);
    this.changed();
  }

  onChange(listener: () => void) {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function setUp() {
  const clock = new FakeClock();
  const told: string[] = [];
  const answers: (string | undefined)[] = [];
  const listeners = new Set<(session: KeptSession) => void>();
  const world = { mayUndo: true, undos: 0 };
  let watched: { request: KeptWatchRequest; signal: AbortSignal; end: (outcome: KeptOutcome) => void } | null = null;
  const app = {
    transactions: { list: async () => [{ id: 'tx-1', roots: [geo] }] },
    incidents: {
      watchKept: (_run: IncidentRun, request: KeptWatchRequest, signal: AbortSignal) =>
        new Promise<KeptOutcome>((resolve, reject) => {
          watched = { request, signal, end: resolve };
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    },
  } as unknown as StratusApp;
  const prompts = {
    notify: async (level: string, message: string, ...actions: string[]) => {
      told.push(`${level}: ${message} [${actions.join(', ')}]`);
      return answers.shift();
    },
  } as unknown as Prompts;
  const kept = new KeptWatches({
    prompts,
    log: { info: () => undefined },
    sessions: { onChange: (listener) => (listeners.add(listener), { dispose: () => void listeners.delete(listener) }) },
    mayUndo: async () => world.mayUndo,
    show: () => undefined,
    onDesktop: () => undefined,
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
  });
  const run = { state: { committed: ['tx-1'], outcome: 'resolved' } } as unknown as IncidentRun;
  const begin = async (session: EndedRun, durationMs = 300_000) => {
    const over = kept.watch(app, run, session, durationMs);
    await settleTasks();
    return over;
  };
  /** What the watch does when something got worse. */
  const regress = async (others = false) => {
    const { request, signal, end } = watched!;
    const isUndone = await request.askUndo('geo has no endpoints', signal, others);
    if (isUndone) world.undos += 1;
    end({
      outcome: 'regressed',
      reason: 'geo has no endpoints',
      undone: isUndone ? [{ tx: 'tx-1', result: UNDONE }] : [],
    });
    await settleTasks();
  };
  const start = (session: KeptSession) => listeners.forEach((listener) => listener(session));
  return { clock, kept, told, answers, world, begin, regress, start, watched: () => watched!, run, app };
}

describe('watching what a run kept', () => {
  it('shows what is watched and for how long, and that it held', async () => {
    const { begin, clock, watched, kept, told } = setUp();
    const session = new EndedRun('run-1');
    void begin(session);
    await settleTasks();
    expect(session.views.at(-1)).toEqual({
      state: 'watching',
      until: clock.now() + 300_000,
      objects: ['Service/shop/geo'],
      reason: '',
    });
    await clock.advance(100_000);
    watched().request.looked!(null);
    expect(session.views.at(-1)!.until).toBe(clock.now() + 200_000);
    expect(keptStatusWords(kept.current!.view, clock.now()).text).toBe('change watched for 3 min more');
    watched().request.looked!('the server is gone');
    expect(keptStatusWords(kept.current!.view, clock.now())).toMatchObject({ isAlarming: true, icon: 'warning' });
    watched().end({ outcome: 'held' });
    await settleTasks();
    expect(session.views.at(-1)).toMatchObject({ state: 'held', until: null });
    expect([kept.current, told]).toEqual([null, []]);
  });

  it('is as long as it was to be also where the machine slept', async () => {
    const { begin, clock, watched } = setUp();
    const session = new EndedRun('run-1');
    void begin(session);
    await settleTasks();
    clock.suspend(3_600_000);
    watched().request.looked!(null);
    expect(session.views.at(-1)!.until! - clock.now()).toBe(300_000);
  });

  it('asks whoever approved the change, and takes it back when they want it', async () => {
    const { begin, regress, answers, told, world } = setUp();
    const session = new EndedRun('run-1');
    void begin(session);
    await settleTasks();
    answers.push('Undo');
    await regress();
    expect(told[0]).toBe(
      'error: shop @ staging: worse since the change was kept: geo has no endpoints. Take the change back? [Undo, Keep It]',
    );
    expect(session.views.map(({ state }) => state)).toEqual(['watching', 'asking', 'undoing', 'undone']);
    expect(world.undos).toBe(1);
  });

  it('leaves it where they do not', async () => {
    const { begin, regress, answers, world } = setUp();
    const session = new EndedRun('run-1');
    void begin(session);
    await settleTasks();
    answers.push('Keep It');
    await regress();
    expect([session.views.at(-1)!.state, world.undos]).toEqual(['left', 0]);
  });

  it('waits for the page where the message is put away, and for the name of a protected context', async () => {
    const { begin, regress, kept, world } = setUp();
    const session = new EndedRun('run-1');
    session.isProtected = true;
    void begin(session);
    await settleTasks();
    world.mayUndo = false;
    const asked = regress();
    await settleTasks();
    expect(session.views.at(-1)!.state).toBe('asking');
    expect(await kept.answer('run-1', true)).toMatch(/not typed/);
    expect(session.views.at(-1)!.state).toBe('asking');
    world.mayUndo = true;
    expect(await kept.answer('run-1', true)).toBe('');
    await asked;
    expect(await kept.answer('run-1', true)).toMatch(/nothing to decide/);
    expect([session.views.at(-1)!.state, world.undos]).toEqual(['undone', 1]);
  });

  it('asks for what ran unasked, too, where somebody else has written to it since', async () => {
    const { begin, regress, answers, world } = setUp();
    const session = new EndedRun('run-1', approved('policy', 'tx-1'));
    void begin(session);
    await settleTasks();
    answers.push('Keep It');
    await regress(true);
    expect([session.views.at(-1)!.state, world.undos]).toEqual(['left', 0]);
  });

  it('takes back unasked what ran unasked, but in no protected context', async () => {
    const { begin, regress, told, world } = setUp();
    const session = new EndedRun('run-1', approved('policy', 'tx-1'));
    void begin(session);
    await settleTasks();
    await regress();
    expect(told).toEqual(['warning: shop @ staging: got worse and was taken back: geo has no endpoints [Show]']);
    expect(world.undos).toBe(1);
    const guarded = setUp();
    const other = new EndedRun('run-2', approved('policy', 'tx-1'));
    other.isProtected = true;
    void guarded.begin(other);
    await settleTasks();
    void guarded.regress();
    await settleTasks();
    expect(other.views.at(-1)!.state).toBe('asking');
  });

  it('names an undo that did not come to its end', async () => {
    const { begin, watched, told } = setUp();
    const session = new EndedRun('run-1', approved('policy', 'tx-1'));
    void begin(session);
    await settleTasks();
    const result = { outcome: 'stranded' as const, writes: 0, reason: 'the server is gone' };
    watched().end({ outcome: 'regressed', reason: 'geo', undone: [{ tx: 'tx-1', result }] });
    await settleTasks();
    expect(session.views.at(-1)).toMatchObject({
      state: 'unfinished',
      reason: 'the undo did not come to its end: the server is gone',
    });
    expect(told[0]).toMatch(/^error:/);
  });

  it('is ended by a person, by an undo, and by another run there, but by nobody amid an undo', async () => {
    for (const [end, reason] of [
      [({ kept }) => kept.stop('run-1'), 'you ended it'],
      [(_parts, session) => ((session.state = 'undone'), session.changed()), 'its change was taken back meanwhile'],
      [({ start }) => start(Object.assign(new EndedRun('run-2'), { ended: false })), 'another run began there'],
    ] as [(parts: ReturnType<typeof setUp>, session: EndedRun) => void, string][]) {
      const parts = setUp();
      const session = new EndedRun('run-1');
      const over = parts.begin(session);
      await settleTasks();
      end(parts, session);
      await over;
      expect(session.views.at(-1)).toMatchObject({ state: 'stopped', reason });
    }
    const { begin, watched, kept } = setUp();
    const session = new EndedRun('run-1', approved('policy', 'tx-1'));
    void begin(session);
    await settleTasks();
    void watched().request.askUndo('geo', watched().signal, false);
    expect(kept.stop('run-1')).toMatch(/not interrupted/);
    expect(watched().signal.aborted).toBe(false);
  });

  it('watches nothing where it is off, or nothing was kept, or the run did not come to its end', async () => {
    const { kept, run, app, watched } = setUp();
    const session = new EndedRun('run-1');
    await kept.watch(app, run, session, 0);
    const state = (more: object) => ({ state: { committed: ['tx-1'], outcome: 'resolved', ...more } }) as never;
    await kept.watch(app, state({ committed: [] }), session, 300_000);
    await kept.watch(app, state({ outcome: 'cancelled' }), session, 300_000);
    expect([session.views, watched()]).toEqual([[], null]);
  });
});

describe('whether a run was asked about', () => {
  it('is so where any of what it kept was', () => {
    const events = [...approved('policy', 'a'), ...approved('editor', 'b')];
    expect(ranUnasked(events, ['a'])).toBe(true);
    expect(ranUnasked(events, ['a', 'b'])).toBe(false);
    expect(ranUnasked(events, [])).toBe(false);
  });
});

describe('the time that is left', () => {
  it.each([
    [252_000, '4:12'],
    [900, '0:01'],
    [-5, '0:00'],
  ])('%d ms are %s', (ms, text) => expect(countdown(1_000 + ms, 1_000)).toBe(text));
});
