import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listRuns, readRun } from '../../../src/run/run-history.ts';
import { RunLog } from '../../../src/run/run-log.ts';
import { RecordedRun } from '../../e2e/page/record-run.ts';
import { IncidentSession } from '../../../src/ui/run/incident-session.ts';
import type { RunEvent } from '../../../src/domain/run-event.ts';

let home: string;
let events: readonly RunEvent[];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'stratus-history-'));
  const run = await RecordedRun.open();
  await run.untilAsked();
  await run.approve();
  await run.when(({ result }) => result !== null);
  events = run.session.events();
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function write(id: string, some: readonly RunEvent[] = events): Promise<string> {
  const log = await RunLog.open(home, id);
  for (const event of some) log.append(event);
  return log.path;
}

describe('event logs of earlier runs', () => {
  it('are listed newest first with how they ended', async () => {
    await write('run-20261120010000-aaaa');
    await write('run-20261121010000-bbbb', events.slice(0, 9));
    expect(await listRuns(home, 10)).toMatchObject([
      { id: 'run-20261121010000-bbbb', outcome: null, target: { namespace: 'hotel-reservation' } },
      { id: 'run-20261120010000-aaaa', outcome: 'resolved' },
    ]);
    expect(await listRuns(home, 1)).toHaveLength(1);
  });

  it('tell whether a process is still at work on them, and what they had kept', async () => {
    const log = await RunLog.open(home, 'run-20261121010000-bbbb');
    for (const event of events.slice(0, 9)) log.append(event);
    expect(await listRuns(home, 10)).toMatchObject([{ outcome: null, active: true, kept: [] }]);
    await log.close();
    expect(await listRuns(home, 10)).toMatchObject([{ outcome: null, active: false }]);
    expect(await RunLog.isOpen(home, 'run-20261121010000-bbbb')).toBe(false);

    await write('run-20261121010000-cccc');
    const result = events.findLast((event) => event.type === 'result')!.result;
    expect(await listRuns(home, 1)).toMatchObject([{ active: false, kept: result.transactions }]);
  });

  it('of an older version name the own transaction that was in the way', async () => {
    const [started] = events;
    const reason = "transaction tx-7 was interrupted: finish it with 'stratus recover'";
    const denied = { at: 1, type: 'lockDenied', holder: 'this machine', reason } as RunEvent;
    await write('run-20261121010000-dddd', [started!, denied, { ...denied, holder: 'ada@desk pid 7' } as RunEvent]);
    const [, own, theirs] = await readRun(home, 'run-20261121010000-dddd');
    expect(own).toMatchObject({ owed: 'tx-7' });
    expect(theirs).not.toHaveProperty('owed');
  });

  it('leave out what is no log of a run', async () => {
    const path = await write('run-20261120010000-aaaa');
    await writeFile(join(home, 'runs', 'notes.jsonl'), 'hello');
    await writeFile(join(home, 'runs', 'run-20261121010000-cccc.jsonl'), '{"half');
    await writeFile(join(home, 'runs', 'run-20261121010000-dddd.jsonl'), '');
    expect((await listRuns(home, 10)).map(({ id }) => id)).toEqual(['run-20261120010000-aaaa']);
    expect(path).toContain('run-20261120010000-aaaa');
    expect(await listRuns(join(home, 'nowhere'), 10)).toEqual([]);
  });

  it('of the first schema still open, and give their view', async () => {
    const old = await readFile(join(import.meta.dirname, '../../fixtures/runs/log-v1-resolved.jsonl'), 'utf8');
    const { path } = await RunLog.open(home, 'run-20261120010000-aaaa');
    await writeFile(path, old, { mode: 0o600 });
    expect(await listRuns(home, 1)).toMatchObject([{ outcome: 'resolved' }]);
    const read = await readRun(home, 'run-20261120010000-aaaa');
    expect(read).toHaveLength(old.trimEnd().split('\n').length);
    expect(read[0]).toMatchObject({ type: 'started', brains: ['playbook'], schema: 1 });
    const session = IncidentSession.fromLog('run-20261120010000-aaaa', read, () => false);
    expect(session.snapshot()).toMatchObject({ headline: { title: 'Resolved' }, plan: { fate: 'kept' } });
  });

  it('of a newer version open without what only that version knows', async () => {
    const path = await write('run-20261120010000-aaaa');
    const lines = (await readFile(path, 'utf8')).split('\n');
    lines.splice(3, 0, '{"at":1,"type":"telepathy","depth":3}');
    lines[0] = lines[0]!.replace('{', '{"mood":"new field",');
    await writeFile(path, lines.join('\n'));
    expect(await readRun(home, 'run-20261120010000-aaaa')).toHaveLength(events.length);
  });

  it('name the field that cannot be read', async () => {
    const path = await write('run-20261120010000-aaaa');
    const text = (await readFile(path, 'utf8')).replace('"oracles":{', '"oracles":7,"was":{');
    await writeFile(path, text);
    await expect(readRun(home, 'run-20261120010000-aaaa')).rejects.toThrow(/line \d+: 'oracles' of 'detected'/);
  });

  it('give the same view as the run itself gave', async () => {
    await write('run-20261120010000-aaaa');
    const again = await readRun(home, 'run-20261120010000-aaaa');
    expect(again).toEqual(JSON.parse(JSON.stringify(events)));
    const session = IncidentSession.fromLog('run-20261120010000-aaaa', again, () => false);
    expect(session.ended).toBe(true);
    const { headline, canCancel, plan, log, endedAt } = session.snapshot();
    expect(headline).toMatchObject({ tone: 'good', title: 'Resolved' });
    expect([canCancel, plan!.awaiting, plan!.fate]).toEqual([false, false, 'kept']);
    expect(log.length).toBeGreaterThan(5);
    expect(endedAt).toBe(events.at(-1)!.at);
  });

  it('of an interrupted run show where it stopped, at every length', () => {
    for (let length = 1; length < events.length; length++) {
      const session = IncidentSession.fromLog('run-1', events.slice(0, length) as RunEvent[], () => false);
      const { headline, canCancel, stages, wayBack, endedAt } = session.snapshot();
      const seen = events.slice(0, length).map(({ type }) => type);
      const title = seen.includes('commitRecorded')
        ? 'Interrupted. Its change stands'
        : seen.includes('checkpointed')
          ? 'Interrupted amid a change'
          : 'Interrupted before any change';
      expect(headline).toMatchObject({ tone: 'warn', title });
      expect(canCancel).toBe(false);
      expect([...stages, ...wayBack].some(({ state }) => state === 'now')).toBe(false);
      expect(endedAt).toBe(events[length - 1]!.at);
    }
  });

  it('survive a torn last line, and name other damage', async () => {
    const path = await write('run-20261120010000-aaaa');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.slice(0, -20));
    expect(await readRun(home, 'run-20261120010000-aaaa')).toHaveLength(events.length - 1);
    const lines = text.split('\n');
    lines[3] = lines[3]!.slice(5);
    await writeFile(path, lines.join('\n'));
    await expect(readRun(home, 'run-20261120010000-aaaa')).rejects.toThrow('is damaged in line 4');
  });

  it.each(['../journal/index', 'run-A', 'run-20261120010000-zzzz'])('refuse %s', async (id) => {
    await expect(readRun(home, id)).rejects.toThrow(/is not the name of a run|is not there any more/);
  });
});
