import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster } from '../catalogue/cluster.ts';
import type { Ref } from '../catalogue/cluster.ts';
import { Api, objectPath } from '../judge/api.ts';
import type { KubeObject } from '../judge/api.ts';
import { DEFAULT_COMMAND, Product } from '../judge/product.ts';
import { productEnvironment } from '../judge/seed-run.ts';
import { untilAsked } from '../judge/wait.ts';
import { acquireCluster, type TestCluster } from './cluster-fixture.ts';

export const HOST = 'kubernetes.io/hostname';
const WAIT_MS = 60_000;

/** A namespace of its own; what is made outside of it is named after it and goes with it. */
export interface Place {
  cluster: Cluster;
  own: string;
  outside: Ref[];
}

/** Objects on simulated nodes, and what `diagnose` says of them. */
export class RuleLab {
  readonly #home = mkdtempSync(join(tmpdir(), 'rules-stratus-'));
  readonly #places: Place[] = [];
  readonly #test: TestCluster;
  readonly #api: Api;
  readonly #product: Product;

  private constructor(test: TestCluster) {
    this.#test = test;
    this.#api = new Api(test.instance.kubeconfig);
    this.#product = new Product(DEFAULT_COMMAND, productEnvironment(test.instance, this.#home));
  }

  static async open(): Promise<RuleLab> {
    return new RuleLab(await acquireCluster());
  }

  async place(): Promise<Place> {
    const own = `shown-${randomBytes(3).toString('hex')}`;
    const cluster = new Cluster(this.#test.instance, this.#api, own);
    const place: Place = { cluster, own, outside: [] };
    this.#places.push(place);
    await cluster.kubectl(['create', 'namespace', own]);
    const account = `/api/v1/namespaces/${own}/serviceaccounts/default`;
    await untilAsked(WAIT_MS, 'service account', async () => ((await this.#api.find(account)) ? '' : 'none'));
    return place;
  }

  /** Waits until the rule speaks of the object; what else is found then. */
  async shows({ cluster }: Place, rule: string, name: string, ...more: string[]): Promise<string[]> {
    let all: string[] = [];
    // A deletion counts as stuck after a minute.
    await untilAsked(3 * WAIT_MS, `${rule} of ${name}`, async () => {
      all = await this.#found(cluster, more);
      return all.includes(`${rule} ${name}`) ? '' : all.join(', ') || 'no finding';
    });
    return all;
  }

  async #found(cluster: Cluster, more: string[]): Promise<string[]> {
    const where = ['--namespace', cluster.namespace, '--context', this.#test.instance.context];
    const run = await this.#product.run(['diagnose', '--json', ...where, ...more], WAIT_MS);
    if (run.code !== 0) throw new Error(`diagnose: exit code ${run.code} (${run.stderr.slice(-300)})`);
    const { findings } = JSON.parse(run.stdout) as { findings: { rule: string; object: { name: string } }[] };
    return findings.map(({ rule, object }) => `${rule} ${object.name}`);
  }

  async close(): Promise<void> {
    for (const { cluster, outside } of this.#places) {
      await cluster.api.remove(objectPath('Namespace', '', cluster.namespace));
      // A volume goes when its claim has gone with the namespace.
      for (const { kind, name } of outside)
        await cluster.kubectl(['delete', kind, name, '--ignore-not-found', '--wait=false']);
    }
    rmSync(this.#home, { recursive: true, force: true });
    this.#api.close();
    await this.#test.release();
  }
}

export const pod = (more: object = {}, container: object = {}) => ({
  containers: [{ name: 'main', image: 'shown.example/main:1', ports: [{ containerPort: 8080 }], ...container }],
  ...more,
});

export function workload(kind: 'Deployment' | 'DaemonSet', name: string, spec: object, replicas = 1): KubeObject {
  const labels = { app: name };
  const template = { metadata: { labels }, spec };
  const size = kind === 'Deployment' ? { replicas } : {};
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name },
    spec: { ...size, selector: { matchLabels: labels }, template },
  };
}

export const serviceOf = (name: string, more: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...more },
});

/** A node that kwok plays, or, without `played`, one whose kubelet says that it is not ready. */
export function node(
  name: string,
  { played = true, taints }: { played?: boolean; taints?: object[] } = {},
): KubeObject {
  const labels = { [HOST]: name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' };
  const annotations: Record<string, string> = played ? { 'kwok.x-k8s.io/node': 'fake' } : {};
  const conditions = [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady' }];
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels, annotations },
    spec: taints ? { taints } : {},
    ...(played ? {} : { status: { conditions } }),
  };
}

/** A volume and the claim `data` that is bound to it. */
export function boundVolume({ own }: Place, volume: object): KubeObject[] {
  const common = { accessModes: ['ReadWriteOnce'], storageClassName: '' };
  return [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: own },
      spec: { ...common, capacity: { storage: '1Gi' }, claimRef: { namespace: own, name: 'data' }, ...volume },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data' },
      spec: { ...common, volumeName: own, resources: { requests: { storage: '1Gi' } } },
    },
  ];
}

export const DATA = [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }];

export const rolledOut = ({ cluster }: Place, name: string): Promise<string> =>
  cluster.kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=60s']);
