import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connect, type ClusterConnection } from '../../../src/cluster/connect/cluster-connection.ts';
import { loadKubeconfig } from '../../../src/cluster/connect/kubeconfig.ts';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { CommandPlan } from '../../../src/domain/plan.ts';
import type { Target } from '../../../src/domain/target.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import { JournalStore } from '../../../src/gateway/journal/journal-store.ts';
import { findKubectl } from '../../../src/gateway/child/kubectl-binary.ts';
import { Kubectl } from '../../../src/gateway/child/kubectl.ts';
import { passAsUpstream } from '../../../src/gateway/wire/raw-access.ts';
import type { GatewayOptions } from '../../../src/gateway/gateway-options.ts';
import { GatewayTransactions } from '../../../src/gateway/transactions.ts';
import type { Upstream } from '../../../src/gateway/wire/upstream.ts';
import type { Instance } from '../../testbed/instance.ts';

const run = promisify(execFile);

/** The product's gateway on a test cluster, in a namespace and state folder of its own, with a way around it. */
export interface GatewayHarness {
  instance: Instance;
  namespace: string;
  stateFolder: string;
  target: Target;
  upstream: ClusterConnection;
  store: JournalStore;
  kubectlChild: Kubectl;
  transactions(options?: Partial<GatewayOptions> & { upstream?: Upstream }): GatewayTransactions;
  /** The API without any gateway. */
  api: KubeApi;
  /** kubectl without any gateway, in the namespace. Rejects when it fails. */
  kubectl(...argv: string[]): Promise<string>;
  /** Creates or replaces objects from a manifest, without any gateway. */
  apply(manifest: object): Promise<void>;
  get(path: string): Promise<KubeObject | null>;
  close(): Promise<void>;
}

export async function openGateway(instance: Instance, prefix = 'gw'): Promise<GatewayHarness> {
  const namespace = `${prefix}-${randomBytes(3).toString('hex')}`;
  const stateFolder = await mkdtemp(join(tmpdir(), 'stratus-state-'));
  const clock = new SystemClock();
  const kubeconfig = await loadKubeconfig({ kubeconfig: instance.kubeconfig });
  const target = await kubeconfig.target(instance.context, namespace);
  const upstream = await connect(kubeconfig, target, { clock, environment: process.env });
  const store = await JournalStore.open(stateFolder, {});
  const kubectlChild = new Kubectl(await findKubectl(instance.kubectl, {}), stateFolder, target.fingerprint);
  const api = new KubeApi(passAsUpstream(upstream));
  const base = ['--kubeconfig', instance.kubeconfig, '--namespace', namespace];
  const kubectl = async (...argv: string[]) =>
    (await run(instance.kubectl, [...base, ...argv], { maxBuffer: 64 << 20 })).stdout;
  await kubectl('create', 'namespace', namespace);
  return {
    instance,
    namespace,
    stateFolder,
    target,
    upstream,
    store,
    kubectlChild,
    transactions: (options = {}) =>
      new GatewayTransactions({ upstream, target, kubectl: kubectlChild, store, clock, convergeMs: 5_000, ...options }),
    api,
    kubectl,
    apply: async (manifest) => {
      const child = run(instance.kubectl, [...base, 'apply', '--server-side', '--force-conflicts', '-f', '-']);
      child.child.stdin?.end(JSON.stringify(manifest));
      await child;
    },
    get: (path) => api.find(path),
    close: async () => {
      await kubectl('delete', 'namespace', namespace, '--wait=false').catch(() => '');
      upstream.close();
      await rm(stateFolder, { recursive: true, force: true });
    },
  };
}

export function planOf(...commands: string[][]): CommandPlan {
  return { steps: commands.map((argv) => ({ argv })), files: [] };
}

/** Polls a condition; the only clock is the deadline. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  ms = 30_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await look();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${ms / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Forgets the writer lock of the harness's namespace. A fence that was just uninstalled is in force a moment longer. */
export async function deleteLock(gateway: GatewayHarness): Promise<void> {
  await eventually('the lock Lease may be deleted', async () => {
    try {
      await gateway.kubectl('delete', 'lease', 'stratus-alock', '--ignore-not-found');
      return true;
    } catch (error) {
      if (!String(error).includes("ValidatingAdmissionPolicy 'stratus-lease'")) throw error;
      return false;
    }
  });
}
