import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JournalStore } from '../../../src/gateway/journal/journal-store.ts';
import type { GatewayHarness } from '../gateway/gateway-harness.ts';
import type { CrashOrder } from './undo-crash-child.ts';
import { deployment } from './undo-actions.ts';
import { createFixtures, readWorld, worldDifference, type World } from './undo-world.ts';

const CHILD = 'undo-crash-child.ts';

export interface CrashScenario {
  mode: 'commit' | 'undo';
  /** Boundary of the first process to die at; 0: none. */
  first: number;
  /** Boundary of the recovering process to die at; 0: none. */
  second: number;
  withKubectl: boolean;
}

export interface CrashResult {
  /** Boundaries passed by the first process, in order; the last is where it died. */
  passed: string[];
  recoveryPassed: string[];
  /** Empty when the state equals the checkpoint or the committed result and nothing is left open or locked. */
  problems: string[];
  outcome: 'checkpoint' | 'committed';
}

/** Runs one scenario in a namespace and state folder of its own. */
export async function runCrash(gateway: GatewayHarness, scenario: CrashScenario): Promise<CrashResult> {
  const suffix = randomBytes(3).toString('hex');
  const context = { namespace: `crash-${suffix}`, suffix };
  const stateFolder = await mkdtemp(join(tmpdir(), 'stratus-crash-'));
  const config = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: context.namespace },
    data: { x: '1' },
  });
  try {
    await createFixtures(gateway, context, [
      config('kept'),
      config('lost'),
      deployment(context.namespace, 'web', { paused: true, replicas: 0 }),
    ]);
    const before = await readWorld(gateway, context);
    const order = (mode: CrashOrder['mode'], dieAt: number): CrashOrder => ({
      kubeconfig: gateway.instance.kubeconfig,
      context: gateway.instance.context,
      namespace: context.namespace,
      kubectl: gateway.instance.kubectl,
      stateFolder,
      mode,
      dieAt,
      trace: join(stateFolder, `trace-${mode}-${dieAt}`),
      withKubectl: scenario.withKubectl,
    });
    const passed = await runCrashChild(CHILD, order(scenario.mode, scenario.first));
    let recoveryPassed: string[] = [];
    if (scenario.second > 0) recoveryPassed = await runCrashChild(CHILD, order('recover', scenario.second));
    const last = await runCrashChild(CHILD, { ...order('recover', 0), trace: join(stateFolder, 'trace-last') });
    return {
      passed,
      recoveryPassed: recoveryPassed.length > 0 ? recoveryPassed : last,
      ...(await judge(gateway, context, stateFolder, before, scenario)),
    };
  } finally {
    await gateway.api.send('DELETE', `/api/v1/namespaces/${context.namespace}`);
    await rm(stateFolder, { recursive: true, force: true });
  }
}

async function judge(
  gateway: GatewayHarness,
  context: { namespace: string; suffix: string },
  stateFolder: string,
  before: World,
  scenario: CrashScenario,
): Promise<Pick<CrashResult, 'problems' | 'outcome'>> {
  const store = await JournalStore.open(stateFolder, {});
  const problems = (await store.verify()).map((problem) => `${problem.name}: ${problem.problem}`);
  const list = await store.list();
  for (const entry of list) {
    if (entry.active) problems.push(`${entry.id} is still held`);
    if (!['committed', 'undone'].includes(entry.status)) problems.push(`${entry.id} is left ${entry.status}`);
  }
  const differences = worldDifference(before, await readWorld(gateway, context));
  const committed = list.some((entry) => entry.status === 'committed');
  if (committed && scenario.mode === 'undo') problems.push('committed though it was to be undone');
  if (committed) {
    const changed = new Set(differences.map((line) => line.split(/[.:]/)[0]));
    for (const root of ['ConfigMap/kept', 'ConfigMap/made', 'ConfigMap/lost', 'Deployment/web']) {
      if (!changed.has(root)) problems.push(`committed, but ${root} does not show it`);
    }
  } else problems.push(...differences);
  return { problems, outcome: committed ? 'committed' : 'checkpoint' };
}

/** Runs a script of this folder that may kill itself. Boundaries it passed, in order. @throws Error when it fails otherwise */
export async function runCrashChild(script: string, order: { trace: string }): Promise<string[]> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path, JSON.stringify(order)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code, name] = await new Promise<[number | null, string | null]>((resolve) =>
    child.on('close', (...end) => resolve(end)),
  );
  if (code !== 0 && name !== 'SIGKILL') throw new Error(`the child failed (${code ?? name}): ${errors.slice(-2000)}`);
  return (await readFile(order.trace, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
}
