import { randomBytes } from 'node:crypto';
import type { Api, KubeObject } from '../api.ts';
import { ApiError } from '../api.ts';
import { CUSTOM_KINDS, GROUP, ignoreConflict, pathOfCustom } from './custom-kinds.ts';

/** On what the operator made, the name of the object it made it for. */
export const MADE_FOR = 'operator.example.test/for';
export const OPERATOR = 'testbed-operator';

/**
 * A small operator as they are found in real clusters: it makes things when a number grows, deletes them for good when
 * it shrinks, and removes a ConfigMap that `spec.retire` names. What it makes anew is never what it was
 * (`data.made` is random).
 */
export class Operator {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Works until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const operated = CUSTOM_KINDS.filter((one) => one.operated);
    await Promise.all(operated.map(({ plural }) => this.#follow(plural, signal)));
  }

  async #follow(plural: string, signal: AbortSignal): Promise<void> {
    const collection = pathOfCustom(plural, '');
    while (!signal.aborted) {
      try {
        const { items, resourceVersion } = await this.#api.list(collection);
        // One that cannot be served, in a namespace that goes, must not keep the others waiting.
        for (const item of items) await this.#act(plural, item, false);
        let work = Promise.resolve();
        await this.#api.watch(collection, resourceVersion, signal, ({ type, object }) => {
          if (type !== 'BOOKMARK') work = work.then(() => this.#act(plural, object, type === 'DELETED'));
          return false;
        });
      } catch (error) {
        // The server ends a watch now and then; everything is looked at again.
        if (!signal.aborted) process.stderr.write(`${plural}: ${(error as Error).message}\n`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async #act(plural: string, object: KubeObject, isGone: boolean): Promise<void> {
    try {
      if (!isGone) await this.#reconcile(plural, object);
      else if (plural === 'rings') await this.#resize(plural, object, 0);
    } catch (error) {
      process.stderr.write(`${plural}/${object.metadata.name}: ${(error as Error).message}\n`);
    }
  }

  async #reconcile(plural: string, object: KubeObject): Promise<void> {
    const { name, namespace = '', generation } = object.metadata;
    const { size = 0, retire, ping } = (object.spec ?? {}) as { size?: number; retire?: string; ping?: string };
    if (object.metadata.deletionTimestamp) return;
    await this.#resize(plural, object, size);
    if (retire) await this.#api.remove(`/api/v1/namespaces/${namespace}/configmaps/${retire}`);
    const path = pathOfCustom(plural, namespace, name);
    const apart = plural === 'pools';
    const status = { ready: size, ...(apart ? { observedGeneration: generation } : {}) };
    const known = (object.status ?? {}) as Record<string, unknown>;
    if (Object.entries(status).some(([field, value]) => known[field] !== value)) {
      await this.#api.merge(apart ? `${path}/status` : path, { status }).catch(ignoreGone);
    }
    if (!ping) return;
    const pong = { metadata: { name: `pong-${name}` }, data: { ping } };
    const collection = `/api/v1/namespaces/${namespace}/configmaps`;
    await this.#api.create(collection, pong).catch((error: unknown) => {
      ignoreConflict(error);
      return this.#api.merge(`${collection}/pong-${name}`, { data: { ping } });
    });
  }

  async #resize(plural: string, object: KubeObject, size: number): Promise<void> {
    const { name, namespace = '', uid } = object.metadata;
    const resource = plural === 'pools' ? 'configmaps' : 'persistentvolumeclaims';
    const collection = `/api/v1/namespaces/${namespace}/${resource}`;
    const { items } = await this.#api.list(`${collection}?labelSelector=${MADE_FOR}%3D${name}`);
    const there = new Set(items.map(({ metadata }) => metadata.name));
    const wanted = Array.from({ length: size }, (_, index) => `${name}-${index}`);
    for (const one of wanted.filter((child) => !there.has(child))) {
      const owner = { apiVersion: `${GROUP}/v1`, kind: 'Pool', name, uid, controller: true };
      const metadata = { name: one, labels: { [MADE_FOR]: name } };
      const child: KubeObject =
        plural === 'pools'
          ? { metadata: { ...metadata, ownerReferences: [owner] }, data: { made: randomBytes(4).toString('hex') } }
          : { metadata, spec: CLAIM };
      await this.#api.create(collection, child).catch(ignoreConflict);
    }
    for (const one of [...there].filter((child) => !wanted.includes(child))) {
      await this.#api.remove(`${collection}/${one}`);
    }
  }
}

const CLAIM = {
  accessModes: ['ReadWriteOnce'],
  storageClassName: 'nobody-provides',
  resources: { requests: { storage: '1Gi' } },
};

function ignoreGone(error: unknown): void {
  if (!(error instanceof ApiError) || error.status !== 404) throw error;
}
