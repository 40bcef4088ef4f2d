import { describe, expect, it } from 'vitest';
import { IncidentSession } from '../../../src/ui/run/incident-session.ts';
import type { UndoResult } from '../../../src/domain/transaction.ts';
import type { RunSnapshot } from '../../../webview/protocol/run-snapshot.ts';
import type { FakeOptions } from '../../host/fake-app.ts';
import { RecordedRun } from '../../e2e/page/record-run.ts';

/** A run that resolved its incident. */
async function resolved(options: FakeOptions = {}): Promise<RecordedRun> {
  const run = await RecordedRun.open(options);
  await run.untilAsked();
  await run.approve();
  if (options.twoFaults) {
    await run.untilAsked();
    await run.approve();
  }
  await run.when(({ result }) => result !== null);
  return run;
}

const AT = '2026-11-21T03:00:00.000Z';
const PROOF = { hashBefore: 'h', hashAfter: 'h', levels: {}, residue: [], foreign: [] };
const UNDONE = { outcome: 'undone' as const, writes: 1, proof: PROOF };
const undone = (id: string, undo: UndoResult = UNDONE) => ({ id, status: 'undone' as const, closedAt: AT, undo });

const states = (stages: RunSnapshot['stages']) => Object.fromEntries(stages.map(({ id, state }) => [id, state]));

describe('a run whose change was taken back afterwards', () => {
  it('says so in headline, readings, ticks, attempt and log, and is not resolved any more', async () => {
    const { session } = await resolved();
    const { id } = session.snapshot().transactions[0]!;
    const before = session.snapshot().log.length;
    session.noteJournal([undone(id)]);
    const view = session.snapshot();
    expect(view.headline).toMatchObject({ tone: 'warn', title: 'Undone. The cluster is as it was before this run' });
    expect(view.transactions).toMatchObject([{ state: 'undone' }]);
    expect(view.plan).toMatchObject({ fate: 'undone', steps: [{ state: 'undone' }] });
    expect(view.severity).toMatchObject({ before: 3, now: null, stale: true });
    expect(view.severity.items.map(({ state }) => state)).toEqual(['unread', 'unread', 'unread']);
    expect(view.checks).toContainEqual({ name: 'user requests', state: 'unread' });
    expect(view.checks).toContainEqual({ name: 'alerts', state: 'absent' });
    expect(states(view.stages)).toMatchObject({ judge: 'done', commit: 'failed' });
    expect(states(view.wayBack)).toEqual({ undo: 'done', verify: 'done', reflect: 'todo' });
    expect(view.attempts).toMatchObject([{ outcome: 'undone', reason: 'taken back later' }]);
    expect(view.log.slice(before)).toMatchObject([
      { who: 'undo', at: Date.parse(AT), text: 'Undone with 1 write, every field that was written is as before' },
    ]);
    expect(view.result).toMatchObject({ writes: 1, undoWrites: 1 });
    expect(JSON.stringify(view)).not.toContain('Resolved');
  });

  it('names what is missing instead of calling the cluster as it was', async () => {
    const { session } = await resolved();
    const { id } = session.snapshot().transactions[0]!;
    const proof = { ...PROOF, shortfall: ['Job import cannot run again'] };
    session.noteJournal([undone(id, { ...UNDONE, proof })]);
    const title = 'Undone, but not all is as before';
    expect(session.snapshot().headline).toEqual({ tone: 'bad', title, detail: 'Job import cannot run again' });
  });

  it('is told apart from one of which only a part was taken back', async () => {
    const { session } = await resolved({ twoFaults: true });
    const [first, second] = session.snapshot().transactions;
    session.noteJournal([{ id: first!.id, status: 'committed' }, undone(second!.id)]);
    const view = session.snapshot();
    expect(view.headline).toMatchObject({ tone: 'warn', title: 'Partly undone: 1 of 2 changes were taken back' });
    expect(view.attempts.map(({ outcome }) => outcome)).toEqual(['committed', 'undone']);
    expect([view.earlier[0]?.fate, view.plan?.fate]).toEqual(['kept', 'undone']);
  });

  it.each([
    ['undoing', true, 'warn', 'Its change is being undone', 'undoing'],
    ['undoing', false, 'bad', 'Your undo is unfinished', 'interrupted'],
    ['diverged', false, 'bad', 'A later undo could not restore every field', 'diverged'],
  ] as const)('says where the undo stands: %s, active %s', async (status, active, tone, title, state) => {
    const { session } = await resolved();
    const { id } = session.snapshot().transactions[0]!;
    session.noteJournal([{ id, status, active }]);
    const view = session.snapshot();
    expect(view.headline).toMatchObject({ tone, title });
    expect(view.transactions).toMatchObject([{ state }]);
    expect(view.severity.stale).toBe(true);
  });
});

describe('a run whose change got worse after its end', () => {
  it('is not called resolved while that is asked about, taken back or left', async () => {
    const { session } = await resolved();
    const reason = 'Service geo has no endpoints';
    for (const [state, tone, title] of [
      ['watching', 'good', 'Resolved'],
      ['asking', 'ask', 'Worse since the change was kept: undo it?'],
      ['undoing', 'warn', 'Taking the change back'],
      ['left', 'warn', 'Worse since the change was kept'],
      ['held', 'good', 'Resolved'],
    ] as const) {
      session.noteKept({ state, until: null, objects: [], reason });
      const { headline } = session.snapshot();
      expect([headline.tone, headline.title]).toEqual([tone, title]);
      if (tone !== 'good') expect(headline.detail).toBe(reason);
    }
  });
});

describe('a run that changed nothing', () => {
  it('says so when it was cancelled while it waited', async () => {
    const run = await RecordedRun.open();
    await run.untilAsked();
    run.session.cancel();
    const { headline, plan, again } = await run.when(({ result }) => result !== null);
    expect(headline.title).toBe('Cancelled before any change');
    expect(plan?.fate).toBe('failed');
    expect(again).toBe('Run again');
  });

  it('says so when the lock was refused, and why', async () => {
    const run = await RecordedRun.open({
      refuseLock: { ok: false, holder: 'bob@desk', reason: 'another writer is at work' },
    });
    await run.untilAsked();
    await run.approve();
    const { headline, plan, again, stages } = await run.when(({ result }) => result !== null);
    expect(headline).toMatchObject({ tone: 'warn', title: 'Someone else is changing this cluster' });
    expect(headline.detail).toBe('another writer is at work (held by bob@desk). Nothing was changed');
    expect(plan?.fate).toBe('failed');
    expect(again).toBe('Retry');
    expect(states(stages)).toMatchObject({ approve: 'done', apply: 'failed', judge: 'todo' });
  });

  it('tells an own window at work from somebody else', async () => {
    const run = await RecordedRun.open({
      refuseLock: { ok: false, holder: 'ada@desk', reason: 'another writer is at work', own: true },
    });
    await run.untilAsked();
    await run.approve();
    const { headline } = await run.when(({ result }) => result !== null);
    expect(headline.title).toBe('Another window or terminal of yours is changing this cluster');
    expect(headline.detail).toMatch(/Nothing was changed$/);
  });

  it('says so when the rehearsal failed, with the attempt', async () => {
    const run = await RecordedRun.open({ refuseRehearsal: true });
    void run.session.start();
    const { headline, plan, attempts } = await run.when(({ result }) => result !== null);
    expect(headline.title).toBe('Not resolved. Nothing was changed');
    expect(headline.detail).toContain('Last attempt not run: the server refused it: quota exceeded');
    expect(plan?.fate).toBe('failed');
    expect(attempts).toMatchObject([{ outcome: 'failed', reason: 'the server refused it: quota exceeded' }]);
  });

  it('says so when its window was reloaded while it waited, and when it goes on elsewhere', async () => {
    const run = await RecordedRun.open();
    await run.untilAsked();
    const events = [...run.session.events()];
    const gone = IncidentSession.fromLog('run-1', events, () => false).snapshot();
    expect(gone.headline).toMatchObject({ tone: 'warn', title: 'Interrupted before any change' });
    expect([gone.plan?.fate, gone.again]).toEqual(['failed', 'Run again']);
    const elsewhere = IncidentSession.fromLog('run-1', events, () => false, true).snapshot();
    expect(elsewhere.headline.title).toBe('This run goes on in another window or terminal');
    expect([elsewhere.plan?.fate, elsewhere.plan?.awaiting, elsewhere.again]).toEqual(['proposed', false, '']);
  });

  it('names the own undo that comes first, never somebody else', async () => {
    const run = await RecordedRun.open();
    const owed = run.app.leaveOpen('kind-oncall');
    void run.session.start();
    await run.when(({ result }) => result !== null);
    run.session.noteJournal(await run.app.transactions.list());
    const { headline, plan, findings, owed: view } = run.session.snapshot();
    expect(headline).toMatchObject({ tone: 'bad', title: 'Your undo is unfinished' });
    expect(JSON.stringify(run.session.snapshot())).not.toMatch(/[Ss]omeone|[Ss]omebody|held by/);
    expect([plan, findings]).toEqual([null, []]);
    expect(view).toMatchObject({ transaction: owed, state: 'interrupted' });
    await run.app.transactions.keep(owed);
    run.session.noteJournal(await run.app.transactions.list());
    const settled = run.session.snapshot();
    expect(settled.headline.title).toBe('Your unfinished change is kept now');
    expect(settled.owed?.state).toBe('settled');
  });
});

describe('an incident of several changes', () => {
  it('shows all of them, each with what became of it', async () => {
    const { session } = await resolved({ twoFaults: true });
    const { headline, plan, earlier, result } = session.snapshot();
    expect(headline.title).toBe('Resolved');
    expect(earlier).toMatchObject([{ attempt: 1, fate: 'kept', title: 'Point Service geo at port 8083' }]);
    expect(earlier[0]!.steps[0]!.writes).toMatchObject([{ object: 'Service/hotel-reservation/geo' }]);
    expect(plan).toMatchObject({ attempt: 2, fate: 'kept', title: 'Scale Deployment search to 1' });
    expect(result).toMatchObject({ writes: 2, undoWrites: 0 });
  });

  it('counts writes of the fix and of the undo apart', async () => {
    const run = await RecordedRun.open({ wrongPlanFirst: true });
    await run.untilAsked();
    await run.approve();
    await run.when(({ plan, attempts }) => plan?.awaiting === true && attempts.length === 1);
    await run.approve();
    const { result, earlier } = await run.when(({ result: end }) => end !== null);
    expect(result).toMatchObject({ writes: 2, undoWrites: 1 });
    expect(earlier).toMatchObject([{ fate: 'undone' }]);
  });
});

describe('projection of a run', () => {
  it('says of a cause without a fix why, and what can be opened about it and its evidence', async () => {
    const { findings } = await (await RecordedRun.open({ noFix: 'nothing tells the port' })).untilEnded();
    const [cause] = findings;
    expect(cause).toMatchObject({ unfixed: 'nothing tells the port', looks: expect.arrayContaining(['logs', 'yaml']) });
    expect(cause!.evidence.map(({ looks }) => looks.includes('follow'))).toEqual([true, true, true]);
  });

  it('says where a failing check points that the run does not look at', async () => {
    const { severity } = await (await RecordedRun.open({ checkAsks: 'checkout' })).untilAsked();
    expect(severity.items.map(({ source, elsewhere }) => [source, elsewhere])).toEqual([
      ['check', 'checkout'],
      ['object', ''],
      ['object', ''],
    ]);
    const here = await (await RecordedRun.open({ checkAsks: 'hotel-reservation' })).untilAsked();
    expect(here.severity.items.every(({ elsewhere }) => elsewhere === '')).toBe(true);
  });

  it('shows what will change and how it is undone while it waits', async () => {
    const run = await RecordedRun.open();
    const { headline, plan, stages, severity, findings } = await run.untilAsked();
    expect(headline).toMatchObject({ tone: 'ask', title: 'Waiting for your approval' });
    expect(states(stages)).toMatchObject({ plan: 'done', approve: 'now', apply: 'todo' });
    expect(severity).toMatchObject({ before: 3, now: 3 });
    expect(findings.find(({ chosen }) => chosen)?.object).toBe('Service/hotel-reservation/geo');
    expect(plan).toMatchObject({ awaiting: true, fate: 'proposed' });
    expect(plan!.steps[0]!.writes).toEqual([
      {
        index: 0,
        object: 'Service/hotel-reservation/geo',
        verb: 'change',
        changes: [{ path: 'spec.ports[http].targetPort', before: '9999', after: '8083' }],
        moreChanges: 0,
        undo: 'exact',
        inverse: 'put Service geo back as it was',
        residue: [],
      },
    ]);
  });

  it('ends resolved with every stage done and every item gone', async () => {
    const run = await RecordedRun.open();
    await run.untilAsked();
    await run.approve();
    const end = await run.when(({ result }) => result !== null);
    expect(end.headline).toMatchObject({ tone: 'good', title: 'Resolved' });
    expect(end.stages.every(({ state }) => state === 'done')).toBe(true);
    expect(end.severity.items.map(({ state }) => state)).toEqual(['gone', 'gone', 'gone']);
    expect(end.checks).toContainEqual({ name: 'user requests', state: 'ok' });
    expect(end.checks).toContainEqual({ name: 'alerts', state: 'absent' });
    expect(end.plan).toMatchObject({ fate: 'kept', awaiting: false });
    expect(end.transactions).toMatchObject([{ state: 'committed' }]);
    expect(end.canCancel).toBe(false);
  });

  it('takes the way back when a change made things worse, and says why', async () => {
    const run = await RecordedRun.open({ wrongPlanFirst: true });
    await run.untilAsked();
    const undoing = run.when(({ wayBack }) => wayBack.some(({ id, state }) => id === 'undo' && state === 'now'));
    const reflecting = run.when(({ wayBack }) => wayBack.some(({ id, state }) => id === 'reflect' && state === 'now'));
    const worse = run.when(({ severity }) => severity.now === 4);
    await run.approve();
    expect((await worse).severity.items[0]).toMatchObject({
      state: 'new',
      object: 'Deployment/hotel-reservation/search',
    });
    expect(states((await undoing).stages)).toMatchObject({ judge: 'failed', commit: 'todo' });
    expect((await undoing).headline).toMatchObject({ tone: 'warn', detail: 'severity rose from 3 to 4' });
    expect(states((await reflecting).wayBack)).toMatchObject({ undo: 'done', verify: 'done' });
    const again = await run.when(({ plan, attempts }) => plan?.awaiting === true && attempts.length === 1);
    expect(again.attempts[0]).toMatchObject({ outcome: 'undone', reason: 'severity rose from 3 to 4' });
    expect(again.wayBack.every(({ state }) => state === 'todo')).toBe(true);
    expect(again.severity.points.map(({ mu }) => mu)).toEqual([3, 3, 4, 3]);
  });

  it('of a run whose window is gone tells what became of its change', async () => {
    const { session: ended } = await resolved();
    const events = ended.events();
    const until = events.findIndex(({ type }) => type === 'settled');
    const session = IncidentSession.fromLog('run-1', events.slice(0, until), () => false);
    const { id } = ended.snapshot().transactions[0]!;
    const view = () => {
      const { headline, transactions, plan, again } = session.snapshot();
      return { title: headline.title, state: transactions[0]?.state, fate: plan?.fate, again };
    };
    const again = 'Run again';
    session.noteJournal([{ id, status: 'open', active: false }]);
    expect(view()).toEqual({ title: 'Interrupted amid a change', state: 'interrupted', fate: 'interrupted', again });
    session.noteJournal([{ id, status: 'undone', active: false }]);
    const title = 'Interrupted. The cluster is as it was before this run';
    expect(view()).toEqual({ title, state: 'undone', fate: 'undone', again });
    session.noteJournal([{ ...undone(id), active: false }]);
    expect(session.snapshot().log.at(-1)).toMatchObject({
      who: 'undo',
      at: Date.parse(AT),
      text: expect.stringMatching(/^Undone with 1 write/),
    });
    session.noteJournal([{ id, status: 'committed', active: false }]);
    expect(view()).toEqual({ title: 'Interrupted. Its change stands', state: 'committed', fate: 'kept', again });
  });

  it('numbers log entries without gaps, so that the page can append', async () => {
    const run = await RecordedRun.open();
    await run.untilAsked();
    const { log } = run.session.snapshot();
    expect(log.map(({ id }) => id)).toEqual(log.map((_entry, index) => index + 1));
  });

  it('survives a message channel unchanged', async () => {
    const run = await RecordedRun.open();
    const snapshot = await run.untilAsked();
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  });
});
