import { randomBytes } from 'node:crypto';
import { Api, collectionPath } from '../judge/api.ts';
import type { App } from '../judge/app-model.ts';
import type { ChosenFault } from '../judge/faults/catalogue.ts';
import { chooseFault } from '../judge/faults/catalogue.ts';
import { generateApp } from '../judge/generate.ts';
import type { ProductRun, RunningProduct } from '../judge/product.ts';
import { resultOf, tailOf } from '../judge/product.ts';
import { renderApp } from '../judge/render.ts';
import type { Snapshot } from '../judge/snapshot.ts';
import { takeSnapshot } from '../judge/snapshot.ts';
import { differsFrom, judgeChanges, judgeInventory } from '../judge/verdict.ts';
import { untilAsked } from '../judge/wait.ts';
import type { FaultProxy } from '../testbed/fault-proxy.ts';
import type { Instance } from '../testbed/instance.ts';
import { ProxiedProduct } from './gateway/proxied-product.ts';

/** Controllers back off while an API server is away. */
const CONTROLLERS_MS = 120_000;
/** Exit codes of runs that changed nothing for good. */
const RESTORED = 2;
const ERROR = 4;
const STRANDED = 6;

/** Faults that simulated nodes show, where any image "runs" and nobody answers a request. */
export const SIMULATED_FAULTS = [
  'dangling-port/number',
  'switched-off/any',
  'nowhere-to-run/zone',
  'unservable-claim/unknown-class',
] as const;

export interface MitigateScene {
  /** Of the application. */
  seed: number;
  /** Class and variant; default: by seed one of {@link SIMULATED_FAULTS}. */
  fault?: string;
  lockSeconds?: number;
}

/**
 * A generated application on simulated nodes, broken by a fault of the judge, and `stratus mitigate` behind a fault proxy.
 * What it ends with is judged by code that shares nothing with the product.
 */
export class MitigateLab {
  readonly product: ProxiedProduct;
  readonly #api: Api;
  readonly #app: App;
  readonly #fault: ChosenFault;
  #healthy: Snapshot = new Map();
  #faulty: Snapshot = new Map();

  private constructor(api: Api, app: App, fault: ChosenFault, product: ProxiedProduct) {
    this.#api = api;
    this.#app = app;
    this.#fault = fault;
    this.product = product;
  }

  static async open(instance: Instance, { seed, fault, lockSeconds }: MitigateScene): Promise<MitigateLab> {
    const generated = generateApp(seed);
    // The namespace of an earlier run with this seed may still be going.
    const app = { ...generated, namespace: `${generated.namespace}-${randomBytes(3).toString('hex')}` };
    const chosen = chooseFault(app, fault ?? SIMULATED_FAULTS[seed % SIMULATED_FAULTS.length]);
    const api = new Api(instance.kubeconfig);
    const options = { lockNamespace: app.namespace, ...(lockSeconds ? { lockSeconds } : {}) };
    const lab = new MitigateLab(api, app, chosen, await ProxiedProduct.open(instance, options));
    try {
      await lab.#deploy();
      await lab.#breakIt();
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  get namespace(): string {
    return this.#app.namespace;
  }

  get proxy(): FaultProxy {
    return this.product.proxy;
  }

  async close(): Promise<void> {
    await this.product.close();
    await this.#fault.cleanUp(this.#api);
    await this.#api.remove(`${collectionPath('Namespace')}/${this.#app.namespace}`);
    this.#api.close();
  }

  mitigate(): Promise<ProductRun> {
    return this.startMitigation().ended;
  }

  startMitigation(): RunningProduct {
    return this.product.start(['mitigate', '--yes', '--json', '--namespace', this.#app.namespace]);
  }

  /**
   * What is wrong with the end of a mitigation; empty when it is resolved and so, restored and so, or owed and said to
   * be. Finishes what is owed and takes back what was done. To be called once nothing is disturbed any more.
   */
  async problems(run: ProductRun): Promise<string[]> {
    const result = resultOf(run);
    if (!result) return [`the last line is not a result (exit code ${run.code}: ${tailOf(run)})`];
    const { outcome, reason } = result as { outcome?: string; reason?: string };
    const ended = `ended ${outcome} (${run.code}): ${reason}`;
    const problems: string[] = [];
    const fail = (...texts: string[]) => problems.push(...texts.map((text) => `${ended}, but ${text}`));
    const lock = await this.product.lock();
    const said = `${run.stdout}\n${run.stderr}`;
    if (lock.state !== 'free' && !/writer lock could not be released|stratus recover/.test(said)) {
      fail(`the writer lock is left ${lock.state} (${lock.phase}), which nobody is told`);
    }
    const open = (await this.product.transactions()).filter(({ status }) => !['committed', 'undone'].includes(status));
    if (open.length > 0 && run.code !== STRANDED) fail(`${open.map(({ id, status }) => `${id} is ${status}`).join()}`);
    if (run.code === 0) fail(...(await this.#sick()), ...(await this.#beyondTheFix()));
    else if (run.code === RESTORED || run.code === ERROR) fail(...(await this.#unrestored()));
    else if (run.code === STRANDED) {
      if (!/stratus recover/.test(said)) fail('nothing says what to do');
      if (open.length === 0) fail('no transaction is open');
    } else fail('that is none of the promised ends');
    fail(...(await this.product.leftovers()));
    for (const { status } of await this.product.transactions()) {
      if (status !== 'committed') continue;
      const undo = await this.product.run(['undo', '--last', '--yes']);
      if (undo.code !== 0) fail(`its undo ended with ${undo.code}: ${undo.stdout}${undo.stderr}`);
    }
    fail(...(await this.#unrestored()).map((text) => `in the end ${text}`));
    return problems;
  }

  async #deploy(): Promise<void> {
    for (const object of renderApp(this.#app)) {
      await this.#api.create(collectionPath(object.kind as string, this.#app.namespace), object);
    }
    await untilAsked(CONTROLLERS_MS, 'the application serves', async () => (await this.#sick()).join('; '));
    this.#healthy = await this.#snapshot();
  }

  /** Breaks it and waits until that has come to rest. */
  async #breakIt(): Promise<void> {
    await this.#fault.inject(this.#api);
    await this.#fault.untilVisible(this.#api);
    await untilAsked(CONTROLLERS_MS, 'the fault shows', async () =>
      (await this.#sick()).length > 0 ? '' : 'everything serves',
    );
    this.#faulty = await this.#snapshot();
  }

  /** Why the application does not serve: members without ready pods, Services that lead to no ready pod's port. */
  async #sick(): Promise<string[]> {
    const { members, namespace } = this.#app;
    const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    const [deployments, statefulSets, endpoints] = await Promise.all(
      [collectionPath('Deployment', namespace), collectionPath('StatefulSet', namespace), slices].map(
        async (path) => (await this.#api.list(path)).items,
      ),
    );
    return members.flatMap(({ workload, kind, replicas, port, service }) => {
      const object = (kind === 'Deployment' ? deployments : statefulSets)!.find(
        ({ metadata }) => metadata.name === workload,
      );
      const ready = object?.status?.readyReplicas ?? 0;
      const updated = object?.status?.updatedReplicas ?? 0;
      const lack = ready < 1 || updated < 1 ? [`${kind} ${workload} has ${ready} of ${replicas} pods ready`] : [];
      const serving = endpoints!.some(
        (slice) =>
          slice.metadata.labels?.['kubernetes.io/service-name'] === service.name &&
          slice.ports?.length > 0 &&
          (slice.ports as { port?: number }[]).every((one) => one.port === port) &&
          ((slice.endpoints ?? []) as { conditions?: { ready?: boolean } }[]).some(
            ({ conditions }) => conditions?.ready,
          ),
      );
      return serving ? lack : [...lack, `Service ${service.name} leads to no ready pod`];
    });
  }

  async #beyondTheFix(): Promise<string[]> {
    const fixed = await this.#snapshot();
    const { failures } = judgeChanges(this.#fault, this.#faulty, fixed);
    return [...failures, ...judgeInventory(this.#app, this.#fault, this.#healthy, fixed)];
  }

  async #unrestored(): Promise<string[]> {
    const difference = differsFrom(this.#faulty, await this.#snapshot());
    return difference ? [`it is not as before: ${difference}`] : [];
  }

  /** Without the objects that other tests of the cluster make and remove. */
  async #snapshot(): Promise<Snapshot> {
    const all = await takeSnapshot(this.#api, this.#app.namespace);
    const mine = (key: string) => key.includes(`/${this.#app.namespace}/`) || this.#fault.mayChange.includes(key);
    return new Map([...all].filter(([key]) => mine(key)));
  }
}
