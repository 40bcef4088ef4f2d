import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TransactionStep } from '../../../src/domain/plan.ts';
import type { StepResult, UndoResult } from '../../../src/domain/transaction.ts';
import { JournalStore } from '../../../src/gateway/journal/journal-store.ts';
import type { RunbookAction } from '../../../src/runbook/runbook-action.ts';
import type { TestCluster } from '../cluster-fixture.ts';
import { acquireCluster } from '../cluster-fixture.ts';
import type { GatewayHarness } from '../gateway/gateway-harness.ts';
import { openGateway } from '../gateway/gateway-harness.ts';
import type { ActionCrashOrder } from './actions-crash-child.ts';
import { ActionsLab, NEW, OLD, only, stateAction } from './actions-lab.ts';
import { runCrashChild } from './undo-crash.ts';

let cluster: TestCluster;
let gateway: GatewayHarness;
let lab: ActionsLab;
const never = new AbortController().signal;

beforeAll(async () => {
  cluster = await acquireCluster('real');
  gateway = await openGateway(cluster.instance, 'action');
  lab = await ActionsLab.open(gateway);
}, 600_000);
afterEach(() => lab.shell(`echo ${OLD} >/tmp/state`));
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
});

/** One transaction: its steps, what happens meanwhile, and its undo. */
async function tryOut(
  action: RunbookAction,
  options: { steps?: TransactionStep[]; meanwhile?: () => Promise<unknown>; signal?: AbortSignal } = {},
): Promise<{ results: StepResult[]; state: string; undo: UndoResult }> {
  const transactions = gateway.transactions({ actions: only(action), convergeMs: 0 });
  const transaction = await transactions.begin({ run: 'test', title: 'test', maxWrites: 20 });
  try {
    const results: StepResult[] = [];
    for (const step of options.steps ?? [{ action: await lab.call() }])
      results.push(await transaction.execute(step, [], options.signal ?? never));
    const state = await lab.state();
    await options.meanwhile?.();
    return { results, state, undo: await transaction.undo(never) };
  } finally {
    await transaction.dispose();
  }
}

async function stateFiles(): Promise<string> {
  const names = await readdir(gateway.stateFolder, { recursive: true, withFileTypes: true });
  const files = names.filter((one) => one.isFile()).map((one) => readFile(join(one.parentPath, one.name), 'latin1'));
  return (await Promise.all(files)).join('\n');
}

describe('a declared action', () => {
  it('is rehearsed without an effect, done, and undone with equal snapshots', async () => {
    const action = stateAction();
    const transactions = gateway.transactions({ actions: only(action) });
    const [rehearsal] = await transactions.rehearse({ steps: [{ action: await lab.call() }], files: [] }, never);
    expect(rehearsal).toMatchObject({ ok: true, problem: '', writes: [], action: { snapshot: OLD.length + 1 } });
    expect(await lab.state()).toBe(OLD);
    const { results, state, undo } = await tryOut(action);
    expect(results[0]).toMatchObject({ ok: true, writes: 1, problem: '' });
    expect(state).toBe(NEW);
    expect(undo).toMatchObject({ outcome: 'undone', writes: 1 });
    if (undo.outcome === 'undone') expect(undo.proof.hashAfter).toBe(undo.proof.hashBefore);
    expect(await lab.state()).toBe(OLD);
    expect(await stateFiles()).not.toContain(OLD);
  });

  it('is undone in the order of the journal, together with writes of kubectl', async () => {
    await gateway.kubectl('create', 'configmap', 'beside', '--from-literal=x=1');
    const label = { argv: ['label', 'configmap', 'beside', 'by=test'] };
    const { results, undo } = await tryOut(stateAction(), { steps: [label, { action: await lab.call() }, label] });
    expect(results.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(undo).toMatchObject({ outcome: 'undone' });
    expect(await lab.state()).toBe(OLD);
    expect(await gateway.kubectl('get', 'configmap', 'beside', '-o', 'jsonpath={.metadata.labels}')).toBe('');
  });

  it('does not run when it is not allowed, or another pod or image has the name', async () => {
    const call = await lab.call();
    const refusals = await Promise.all(
      (
        [
          [null, call],
          [stateAction(), { ...call, at: { ...call.at, uid: 'another' } }],
          [stateAction(), { ...call, at: { ...call.at, imageId: 'another' } }],
          [stateAction(), { ...call, inputs: { state: 'UPPER' } }],
        ] as const
      ).map(async ([action, one]) => {
        const transactions = gateway.transactions({ actions: only(action) });
        const [rehearsal] = await transactions.rehearse({ steps: [{ action: one }], files: [] }, never);
        return rehearsal!.problem;
      }),
    );
    expect(refusals[0]).toMatch(/not allowed/);
    expect(refusals[1]).toMatch(/another one of the same name/);
    expect(refusals[2]).toMatch(/another image/);
    expect(refusals[3]).toMatch(/does not match/);
  });

  it.each<[what: string, action: RunbookAction, problem: RegExp]>([
    ['fails half way', stateAction({ do: 'echo half >/tmp/state; exit 7' }), /exit code 7/],
    ['changes nothing', stateAction({ do: 'true' }), /changed nothing/],
    ['does not have its effect', stateAction({ do: 'echo other >/tmp/state' }), /its check fails/],
    ['does not end', stateAction({ do: 'echo half >/tmp/state; exec busybox sleep 60' }, 'seconds: 2\n'), /within 2 s/],
    ['floods', stateAction({ do: 'echo half >/tmp/state; busybox yes' }), /more than \d+ bytes/],
    [
      'says what nobody should read',
      stateAction({
        do: `echo half >/tmp/state; printf 'hunter2\\nstratus: \\033[31mred\\007 password=hunter2\\n' >&2; exit 1`,
      }),
      /^set-state failed: .*red.*\(exit code 1\)$/,
    ],
  ])('that %s is undone', async (_, action, problem) => {
    const { results, undo } = await tryOut(action);
    expect(results[0]!.ok).toBe(false);
    expect(results[0]!.problem).toMatch(problem);
    expect(JSON.stringify(results)).not.toMatch(/hunter2|\\u001b|\\u0007/);
    expect(undo).toMatchObject({ outcome: 'undone' });
    expect(await lab.state()).toBe(OLD);
  });

  it('with a snapshot that is too large, or cannot be taken, does not run', async () => {
    const large = await tryOut(stateAction({}, 'bytes: 4\n'));
    expect(large.results[0]!.problem).toMatch(/snapshot of set-state failed: it printed more than 4 bytes/);
    const failing = await tryOut(stateAction({ snapshot: 'echo "stratus: no such thing" >&2; exit 1' }));
    expect(failing.results[0]!.problem).toMatch(/snapshot of set-state failed: no such thing/);
    expect([large.state, failing.state]).toEqual([OLD, OLD]);
  });

  it('that is cancelled while it runs is undone', async () => {
    const stop = new AbortController();
    const action = stateAction({ do: 'echo half >/tmp/state; exec busybox sleep 30' });
    const watching = (async () => {
      while ((await lab.state()) !== 'half');
      stop.abort(new Error('cancelled'));
    })();
    const { results, undo } = await tryOut(action, { signal: stop.signal });
    await watching;
    expect(results[0]).toMatchObject({ ok: false, problem: 'set-state: it was stopped' });
    if (undo.outcome === 'diverged') expect(undo.differences).toEqual([]);
    expect(undo).toMatchObject({ outcome: 'undone' });
    expect(await lab.state()).toBe(OLD);
  });

  it('that somebody else has built on since is not overwritten', async () => {
    const { undo } = await tryOut(stateAction(), { meanwhile: () => lab.shell('echo theirs >/tmp/state') });
    expect(undo).toMatchObject({ outcome: 'diverged', writes: 0 });
    expect(JSON.stringify(undo)).toMatch(/somebody else/);
    expect(await lab.state()).toBe('theirs');
  });

  it('whose pod is another one at the undo is not claimed to be taken back', async () => {
    const replace = async () => {
      await lab.removePod();
      await lab.createPod();
      await lab.shell(`echo ${NEW} >/tmp/state`);
    };
    const { undo } = await tryOut(stateAction(), { meanwhile: replace });
    expect(undo).toMatchObject({ outcome: 'undone', writes: 0 });
    if (undo.outcome !== 'undone') return;
    expect(undo.proof.shortfall?.join()).toMatch(/could not be taken back, and nobody can look: .*another one/);
    expect(undo.proof.hashAfter).not.toBe(undo.proof.hashBefore);
    expect(await lab.state()).toBe(NEW);
  });
});

describe('kill -9', () => {
  it('at any boundary of an action and its undo leaves nothing that a recovery does not restore', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stratus-action-'));
    const order = async (mode: ActionCrashOrder['mode'], dieAt: number, home: string): Promise<ActionCrashOrder> => ({
      kubeconfig: gateway.instance.kubeconfig,
      context: gateway.instance.context,
      namespace: gateway.namespace,
      kubectl: gateway.instance.kubectl,
      stateFolder: join(folder, home),
      mode,
      call: await lab.call(),
      dieAt,
      trace: join(folder, `trace-${mode}-${dieAt}-${home}`),
    });
    try {
      const whole = await runCrashChild('actions-crash-child.ts', await order('do', 0, 'whole'));
      expect(whole).toEqual(
        expect.arrayContaining(['write.after-intent', 'write.after-forward', 'undo.before-write', 'undo.after-write']),
      );
      const problems: string[] = [];
      for (let dieAt = 1; dieAt <= whole.length; dieAt++) {
        const home = `home-${dieAt}`;
        const passed = await runCrashChild('actions-crash-child.ts', await order('do', dieAt, home));
        const point = passed.at(-1);
        await runCrashChild('actions-crash-child.ts', await order('recover', 0, home));
        const state = await lab.state();
        if (state !== OLD) problems.push(`${point}: ${state}`);
        const store = await JournalStore.open(join(folder, home), {});
        for (const { status } of await store.list())
          if (status !== 'undone') problems.push(`${point}: the transaction is ${status}`);
        await lab.shell(`echo ${OLD} >/tmp/state`);
      }
      expect(problems).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 900_000);
});
