import type { Instance } from '../../testbed/instance-record.ts';
import type { Api } from '../../judge/api.ts';
import { objectPath } from '../../judge/api.ts';
import { untilAsked } from '../../judge/wait.ts';
import { objectsOf } from '../application.ts';
import type { Incident } from '../catalogue.ts';
import { Cluster } from '../cluster.ts';
import { lackOf, until } from '../health.ts';

const BASE_MS = 120_000;
const RED_MS = 90_000;
/** What a pod has by default. */
const LONG_S = 30;

/** An incident on a cluster: the healthy application, and its fault when it was injected. */
export class Stage {
  readonly incident: Incident;
  readonly cluster: Cluster;

  constructor(api: Api, instance: Instance, incident: Incident) {
    this.incident = incident;
    this.cluster = new Cluster(instance, api, incident.application.namespace);
  }

  readonly lack = (): Promise<string> =>
    lackOf(this.cluster, this.incident.application, this.incident.plan).catch((error: Error) => error.message);

  /** Deploys the application and waits until it serves. @throws Error with what is missing */
  async deploy(): Promise<number> {
    const { application, plan } = this.incident;
    await this.remove();
    await this.cluster.kubectl(['create', 'namespace', application.namespace]);
    await this.cluster.api.get(objectPath('Namespace', '', application.namespace));
    await untilAsked(BASE_MS, 'service account', async () =>
      (await this.cluster.api.find(`/api/v1/namespaces/${application.namespace}/serviceaccounts/default`))
        ? ''
        : 'none',
    );
    await plan.prepare?.(this.cluster);
    await this.cluster[application.applied ? 'apply' : 'create'](objectsOf(application));
    const green = await until('green', this.lack, BASE_MS);
    if (!green.reached) throw new Error(`the healthy application: not green; ${green.lack}`);
    return green.seconds;
  }

  /** Injects the fault and waits until it shows. @throws Error when it does not */
  async breakIt(): Promise<{ seconds: number; lack: string }> {
    await this.incident.plan.inject(this.cluster);
    const red = await until('red', this.lack, RED_MS);
    if (!red.reached) throw new Error('the fault does not show');
    return red;
  }

  async remove(): Promise<void> {
    const { namespace } = this.incident.application;
    await this.cluster.api.remove(objectPath('Namespace', '', namespace));
    await this.#hurry();
    await untilAsked(BASE_MS, 'namespace gone', async () =>
      (await this.cluster.api.find(objectPath('Namespace', '', namespace))) ? 'it is still there' : '',
    );
    // A volume goes when nobody claims it.
    await this.incident.plan.cleanUp?.(this.cluster);
  }

  /** Nobody waits for programs that have minutes to stop; what is left of one ends with its time. */
  async #hurry(): Promise<void> {
    for (const { metadata, spec } of await this.cluster.list('pods'))
      if (spec.terminationGracePeriodSeconds > LONG_S) await this.cluster.removeAtOnce(metadata.name);
  }
}
