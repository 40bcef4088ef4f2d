/**
 * Runs one transaction of direct HTTP writes (`do`) or recovers unfinished ones (`recover`) and kills itself with
 * SIGKILL at the given boundary (0: never). Prints the boundaries it passed, one per line.
 */
import { appendFileSync } from 'node:fs';
import { connect } from '../../../src/cluster/connect/cluster-connection.ts';
import { loadKubeconfig } from '../../../src/cluster/connect/kubeconfig.ts';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import type { FaultPoint } from '../../../src/gateway/journal/fault-points.ts';
import { JournalStore } from '../../../src/gateway/journal/journal-store.ts';
import { findKubectl } from '../../../src/gateway/child/kubectl-binary.ts';
import { Kubectl } from '../../../src/gateway/child/kubectl.ts';
import { GatewayTransactions } from '../../../src/gateway/transactions.ts';

export interface CrashOrder {
  kubeconfig: string;
  context: string;
  namespace: string;
  kubectl: string;
  stateFolder: string;
  mode: 'commit' | 'undo' | 'recover';
  /** Which boundary to die at, counted from 1; 0 for none. */
  dieAt: number;
  /** File that gets the name of each boundary as it is passed. */
  trace: string;
  /** Send the first write by kubectl instead of HTTP. */
  withKubectl: boolean;
}

const order = JSON.parse(process.argv[2] ?? '') as CrashOrder;
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
const transactions = new GatewayTransactions({ upstream, target, kubectl, store, clock, crash, convergeMs: 0 });
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
  const session = new KubeApi(transaction.handler);
  const core = `/api/v1/namespaces/${order.namespace}`;
  const merge = { contentType: 'application/merge-patch+json' };
  if (order.withKubectl) await transaction.execute({ argv: ['label', 'configmap', 'kept', 'by=kubectl'] }, [], signal);
  await session.send('PATCH', `${core}/configmaps/kept`, { ...merge, body: { data: { x: '2', added: 'yes' } } });
  const deploy = `/apis/apps/v1/namespaces/${order.namespace}/deployments/web`;
  await session.send('PATCH', deploy, { ...merge, body: { spec: { minReadySeconds: 3 } } });
  await session.send('POST', `${core}/configmaps`, {
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'made' }, data: { a: 'b' } },
  });
  await session.send('DELETE', `${core}/configmaps/lost`);
  if (order.mode === 'commit') await transaction.commit();
  else await transaction.undo(signal);
  await transaction.dispose();
}
upstream.close();
