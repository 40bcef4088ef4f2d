/**
 * Runs an action and undoes it (`do`), or recovers what is unfinished (`recover`), and kills itself with SIGKILL at the
 * given boundary (0: never). Names each boundary in a file as it passes it.
 */
import { appendFileSync } from 'node:fs';
import { connect } from '../../../src/cluster/connect/cluster-connection.ts';
import { loadKubeconfig } from '../../../src/cluster/connect/kubeconfig.ts';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import type { ActionCall } from '../../../src/domain/action.ts';
import { findKubectl } from '../../../src/gateway/child/kubectl-binary.ts';
import { Kubectl } from '../../../src/gateway/child/kubectl.ts';
import type { FaultPoint } from '../../../src/gateway/journal/fault-points.ts';
import { JournalStore } from '../../../src/gateway/journal/journal-store.ts';
import { GatewayTransactions } from '../../../src/gateway/transactions.ts';
import { only, stateAction } from './actions-lab.ts';

export interface ActionCrashOrder {
  kubeconfig: string;
  context: string;
  namespace: string;
  kubectl: string;
  stateFolder: string;
  mode: 'do' | 'recover';
  call: ActionCall;
  /** Counted from 1; 0 for none. */
  dieAt: number;
  trace: string;
}

const order = JSON.parse(process.argv[2] ?? '') as ActionCrashOrder;
let passed = 0;
const crash = (point: FaultPoint) => {
  appendFileSync(order.trace, `${point}\n`);
  if (++passed === order.dieAt) process.kill(process.pid, 'SIGKILL');
};
const clock = new SystemClock();
const kubeconfig = await loadKubeconfig({ kubeconfig: order.kubeconfig });
const target = await kubeconfig.target(order.context, order.namespace);
const upstream = await connect(kubeconfig, target, { clock, environment: process.env });
const store = await JournalStore.open(order.stateFolder, {});
const kubectl = new Kubectl(await findKubectl(order.kubectl, {}), order.stateFolder, target.fingerprint);
// An undo needs no allowance and no file: what it runs is in the journal.
const actions = only(order.mode === 'do' ? stateAction() : null);
const transactions = new GatewayTransactions({
  upstream,
  target,
  kubectl,
  store,
  clock,
  crash,
  actions,
  convergeMs: 0,
});
const signal = new AbortController().signal;

if (order.mode === 'recover') {
  for (const summary of await transactions.list()) {
    if (summary.status !== 'open' && summary.status !== 'undoing') continue;
    const transaction = await transactions.reopen(summary.id);
    await transaction.undo(signal);
    await transaction.dispose();
  }
} else {
  const transaction = await transactions.begin({ run: 'crash', title: 'crash', maxWrites: 20 });
  await transaction.execute({ action: order.call }, [], signal);
  await transaction.undo(signal);
  await transaction.dispose();
}
upstream.close();
