import type { Api } from '../../judge/api.ts';
import { objectPath } from '../../judge/api.ts';
import type { Dump } from '../../judge/dump/dump.ts';
import { untilAsked } from '../../judge/wait.ts';
import type { Instance } from '../../testbed/instance-record.ts';
import { objectsOf } from '../application.ts';
import type { Incident } from '../catalogue.ts';
import { Cluster } from '../cluster.ts';
import { notRestored, sceneOf } from '../guard.ts';
import type { Ills, Observation } from './observer.ts';
import { Observer } from './observer.ts';

const BASE_MS = 120_000;
const RED_MS = 60_000;
const IN_A_ROW = 2;
const POLL_MS = 1_000;

/** One of two applications that are alike: what the product treats, or its twin that nobody touches. */
export class Side {
  readonly incident: Incident;
  readonly cluster: Cluster;
  readonly looks: Observation[] = [];
  readonly #observer: Observer;

  constructor(api: Api, instance: Instance, incident: Incident) {
    this.incident = incident;
    this.cluster = new Cluster(instance, api, incident.application.namespace);
    const answers = instance.nodes === 'real';
    this.#observer = new Observer(this.cluster, incident.application, incident.plan, answers);
  }

  get namespace(): string {
    return this.incident.application.namespace;
  }

  /** @param beside as {@link Observer.look} takes it */
  async look(beside = true): Promise<Ills> {
    const observation = await this.#observer.look(beside);
    this.looks.push(observation);
    return observation.ills;
  }

  /** @throws WaitError with what is missing */
  async deploy(): Promise<void> {
    const { application } = this.incident;
    const account = `/api/v1/namespaces/${this.namespace}/serviceaccounts/default`;
    // That of an earlier run with this seed may still be going.
    await this.remove();
    await untilAsked(BASE_MS, 'namespace gone', async () =>
      (await this.cluster.api.find(objectPath('Namespace', '', this.namespace))) ? 'it is still there' : '',
    );
    await this.cluster.kubectl(['create', 'namespace', this.namespace]);
    await untilAsked(BASE_MS, 'service account', async () => ((await this.cluster.api.find(account)) ? '' : 'none'));
    await this.cluster[application.applied ? 'apply' : 'create'](objectsOf(application));
    await this.#until(BASE_MS, 'the application is healthy', (ills) => ills.size === 0);
  }

  /** Injects the fault and waits until it shows. @throws WaitError when it does not */
  async breakIt(): Promise<void> {
    await this.incident.plan.inject(this.cluster);
    await this.#until(RED_MS, 'the fault shows', (ills) => ills.size > 0);
    this.looks.length = 0;
  }

  /** What people wrote and is not as it was; names of the namespace are taken out, so that twins can be compared. */
  changes(faulty: Dump, now: Dump): string[] {
    const found = notRestored(faulty, now, sceneOf(this.incident.application, this.incident.plan));
    return found.map((text) => text.replaceAll(this.namespace, 'NAMESPACE'));
  }

  /** Without waiting until everything is gone: names are drawn anew for each incident. */
  async remove(): Promise<void> {
    await this.cluster.api.remove(objectPath('Namespace', '', this.namespace));
    await this.incident.plan.cleanUp?.(this.cluster);
  }

  async #until(timeoutMs: number, what: string, reached: (ills: Ills) => boolean): Promise<void> {
    const end = performance.now() + timeoutMs;
    for (let row = 0; row < IN_A_ROW;) {
      const ills = await this.look();
      row = reached(ills) ? row + 1 : 0;
      if (performance.now() > end) throw new Error(`${what}: not in time; ${[...ills.keys()].join(', ') || 'nothing'}`);
      if (row < IN_A_ROW) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
