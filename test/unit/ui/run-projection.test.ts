import { describe, expect, it } from 'vitest';
import { IncidentSession } from '../../../src/ui/run/incident-session.ts';
import type { RunSnapshot } from '../../../webview/protocol.ts';
import { RecordedRun } from '../../e2e/page/record-run.ts';

const states = (stages: RunSnapshot['stages']) => Object.fromEntries(stages.map(({ id, state }) => [id, state]));

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

  it('says that everything is undone once the journal says so', async () => {
    const run = await RecordedRun.open();
    await run.untilAsked();
    await run.approve();
    const { transactions } = await run.when(({ result }) => result !== null);
    run.session.noteJournal([{ id: transactions[0]!.id, status: 'undone' }]);
    const snapshot = run.session.snapshot();
    expect(snapshot.headline.title).toMatch(/^Undone/);
    expect(snapshot.transactions).toMatchObject([{ state: 'undone' }]);
    expect(snapshot.plan?.fate).toBe('undone');
  });

  it('of a run whose window is gone tells what became of its change', async () => {
    const run = await RecordedRun.open();
    await run.untilAsked();
    await run.approve();
    const { transactions } = await run.when(({ result }) => result !== null);
    const events = run.session.events();
    const until = events.findIndex(({ type }) => type === 'settled');
    const session = IncidentSession.fromLog('run-1', events.slice(0, until), () => false);
    const { id } = transactions[0]!;
    const view = () => {
      const { headline, transactions, plan } = session.snapshot();
      return { title: headline.title, state: transactions[0]?.state, fate: plan?.fate };
    };
    session.noteJournal([{ id, status: 'open', active: true }]);
    expect(view()).toEqual({ title: 'This run did not end here', state: 'open', fate: 'interrupted' });
    session.noteJournal([{ id, status: 'open', active: false }]);
    expect(view()).toEqual({ title: 'Interrupted amid a change', state: 'interrupted', fate: 'interrupted' });
    session.noteJournal([{ id, status: 'undone', active: false }]);
    const title = 'Interrupted. The cluster is as it was before this run';
    expect(view()).toEqual({ title, state: 'undone', fate: 'undone' });
  });

  it('shows the stage that a denied lock kept it from', async () => {
    const run = await RecordedRun.open();
    await run.untilAsked();
    await run.approve();
    await run.when(({ result }) => result !== null);
    const events = run.session.events();
    const before = events.slice(
      0,
      events.findIndex(({ type }) => type === 'lockAcquired'),
    );
    const at = before.at(-1)!.at;
    const denied = { at, type: 'lockDenied' as const, holder: 'bob@desk', reason: 'another writer is at work' };
    const { result } = events.findLast((event) => event.type === 'result')!;
    const end = { ...result, outcome: 'locked' as const, writes: 0, transactions: [] };
    const session = IncidentSession.fromLog(
      'run-1',
      [...before, denied, { at, type: 'result', result: end }],
      () => false,
    );
    const { headline, stages } = session.snapshot();
    expect(headline.title).toBe('Someone else is changing this cluster');
    expect(states(stages)).toMatchObject({ approve: 'done', apply: 'failed', judge: 'todo' });
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
