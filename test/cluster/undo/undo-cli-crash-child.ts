/**
 * Runs `stratus run` or `stratus undo` by the application that the command line and the editor use, writer lock included,
 * and kills itself with SIGKILL at the given boundary (0: never). Writes the boundaries it passed to a file, one a line.
 */
import { appendFileSync } from 'node:fs';
import type { FaultPoint } from '../../../src/gateway/journal/fault-points.ts';
import { createApp } from '../../../src/run/create-app.ts';

export interface CliCrashOrder {
  stateFolder: string;
  kubeconfig: string;
  kubectlPath: string;
  lockNamespace: string;
  namespace: string;
  /** kubectl arguments to run as a transaction; absent: undo the newest transaction. */
  argv?: string[];
  /** Which boundary to die at, counted from 1; 0 for none. */
  dieAt: number;
  trace: string;
}

const order = JSON.parse(process.argv[2] ?? '') as CliCrashOrder;
let passed = 0;
const crash = (point: FaultPoint) => {
  appendFileSync(order.trace, `${point}\n`);
  if (++passed === order.dieAt) process.kill(process.pid, 'SIGKILL');
};
const app = await createApp(order, { crash });
const signal = new AbortController().signal;
if (order.argv) {
  const target = await app.targets.pin(undefined, order.namespace);
  const { result } = await app.shell.run(target, order.argv, [], signal);
  if (!result.ok) throw new Error(result.problem);
} else {
  const [newest] = await app.transactions.list();
  await app.transactions.undo(newest!.id, signal, () => undefined);
}
await app.dispose();
