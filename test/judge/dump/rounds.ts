import { randomBytes } from 'node:crypto';
import type { Api, KubeObject } from '../api.ts';
import { ApiError } from '../api.ts';
import { untilAsked } from '../wait.ts';

/** A uid that no object has: what it owns is garbage. */
export const DEAD_UID = '00000000-dead-4000-8000-000000000000';

const ROUND_MS = 120_000;
const NAMESPACE = 'judge-canary';

/**
 * Canaries that tell when controllers have worked since a moment: an object is made that they must act upon, and
 * waited for until they did. What they had to do before it, they have done then too.
 */
export class Rounds {
  readonly #api: Api;
  readonly #pings: readonly string[];
  #ready: Promise<void> | undefined;
  #pinging: Promise<void> = Promise.resolve();
  #nextPing: Promise<void> | undefined;

  /** @param pings paths of custom objects whose `spec.ping` the testbed's operator answers in their `pong` ConfigMap */
  constructor(api: Api, pings: readonly string[] = []) {
    this.#api = api;
    this.#pings = pings;
  }

  /** An object whose owner does not exist is collected. */
  async garbageCollector(): Promise<void> {
    await this.#open();
    const name = `garbage-${token()}`;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid: DEAD_UID }];
    await this.#make('/api/v1', 'configmaps', { metadata: { name, ownerReferences } });
    await this.#untilGone(`/api/v1/namespaces/${NAMESPACE}/configmaps/${name}`);
  }

  /** An autoscaler of a workload that is too small is heard of. */
  async autoscaler(): Promise<void> {
    await this.#open();
    const name = `scaled-${token()}`;
    const labels = { app: name };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'none', image: 'none:1' }] } };
    // Paused: scaled like any other, but without pods.
    const spec = { paused: true, replicas: 1, selector: { matchLabels: labels }, template };
    await this.#make('/apis/apps/v1', 'deployments', { metadata: { name }, spec });
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name };
    const path = '/apis/autoscaling/v2';
    const autoscaler = { scaleTargetRef, minReplicas: 2, maxReplicas: 2 };
    await this.#make(path, 'horizontalpodautoscalers', { metadata: { name }, spec: autoscaler });
    const deployment = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}`;
    await untilAsked(ROUND_MS, 'the autoscaler works', async () =>
      (await this.#api.get(deployment)).spec.replicas === 2 ? '' : 'its canary is as it was',
    );
    await this.#api.remove(`${path}/namespaces/${NAMESPACE}/horizontalpodautoscalers/${name}`);
    await this.#api.remove(deployment);
  }

  /**
   * The testbed's operator answers to each of its kinds. One ping at a time: a second would overwrite the first before
   * it is answered. Whoever asks while one is under way shares the next.
   */
  operator(): Promise<void> {
    return (this.#nextPing ??= this.#pinging.then(() => {
      this.#nextPing = undefined;
      const ping = this.#ping();
      this.#pinging = ping.catch(() => undefined);
      return ping;
    }));
  }

  async #ping(): Promise<void> {
    await this.#open();
    await Promise.all(
      this.#pings.map(async (path) => {
        const ping = token();
        const { metadata } = await this.#api.merge(path, { spec: { ping } });
        const pong = `/api/v1/namespaces/${metadata.namespace}/configmaps/pong-${metadata.name}`;
        await untilAsked(ROUND_MS, 'the operator answers', async () =>
          (await this.#api.find(pong))?.data?.ping === ping ? '' : `nothing in ${pong}`,
        );
      }),
    );
  }

  #open(): Promise<void> {
    return (this.#ready ??= this.#api
      .create('/api/v1/namespaces', { metadata: { name: NAMESPACE } })
      .then(() => undefined, ignoreConflict)
      .then(() =>
        untilAsked(ROUND_MS, 'the namespace of the canaries', async () =>
          (await this.#api.find(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts/default`)) ? '' : 'no service account',
        ),
      ));
  }

  async #make(root: string, resource: string, object: KubeObject): Promise<void> {
    await this.#api.create(`${root}/namespaces/${NAMESPACE}/${resource}`, object);
  }

  async #untilGone(path: string): Promise<void> {
    await untilAsked(ROUND_MS, 'the garbage collector works', async () =>
      (await this.#api.find(path)) ? `${path} is still there` : '',
    );
  }
}

function ignoreConflict(error: unknown): void {
  if (!(error instanceof ApiError) || error.status !== 409) throw error;
}

const token = () => randomBytes(4).toString('hex');
