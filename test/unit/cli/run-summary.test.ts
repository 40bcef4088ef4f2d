import { describe, expect, it } from 'vitest';
import { runSummary } from '../../../src/cli/run-summary.ts';
import type { RunEvent, RunResult } from '../../../src/domain/run-event.ts';
import type { FakeOptions } from '../../host/fake-app.ts';
import { RecordedRun } from '../../e2e/page/record-run.ts';

async function summaryOf(options: FakeOptions, answers: number, prepare = (_run: RecordedRun) => undefined as void) {
  const run = await RecordedRun.open(options);
  prepare(run);
  void run.session.start();
  for (let answer = 0; answer < answers; answer++) {
    await run.untilAsked();
    await run.approve();
  }
  await run.when(({ result }) => result !== null);
  const events: readonly RunEvent[] = run.session.events();
  const result: RunResult = events.findLast((event) => event.type === 'result')!.result;
  return runSummary(result, events, false);
}

describe('the last lines of a run', () => {
  it('list every change that was kept, with its command', async () => {
    const text = await summaryOf({ twoFaults: true }, 2);
    expect(text).toMatch(
      /changed by kubectl patch service geo .*\n {2}transaction tx-.*\nchanged by kubectl scale deployment\/search --replicas=1\n {2}transaction tx-/,
    );
    expect(text).toContain('2 writes of the fix, ');
  });

  it('tell writes of the fix and of the undo apart', async () => {
    expect(await summaryOf({ wrongPlanFirst: true }, 2)).toContain('2 writes of the fix, 1 of the undo, ');
  });

  it('say that nothing was changed', async () => {
    const refuseLock = { ok: false as const, holder: 'bob', reason: 'another writer is at work' };
    const text = await summaryOf({ refuseLock }, 1);
    expect(text).toMatch(
      /^Someone else is changing this cluster: another writer is at work \(held by bob\); nothing was changed\n/,
    );
  });

  it('do not call the same person someone else', async () => {
    const refuseLock = { ok: false as const, holder: 'me', reason: 'a run of yours is at work', own: true as const };
    expect(await summaryOf({ refuseLock }, 1)).toMatch(
      /^Another window or terminal of yours is changing this cluster:/,
    );
  });

  it('name an own undo that comes first, and what finishes it', async () => {
    const text = await summaryOf({}, 0, (run) => void run.app.leaveOpen('kind-oncall'));
    expect(text).toMatch(/^Not begun: unfinished: tx-/);
    expect(text).toContain("'stratus recover --undo' takes it back");
    expect(text).not.toMatch(/held by|someone|somebody/);
  });
});
