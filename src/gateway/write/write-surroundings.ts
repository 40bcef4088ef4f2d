import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { UndoForecast } from '../../domain/transaction.ts';
import type { Companion } from '../../undo/journaled-write.ts';
import { objectPath } from '../wire/api-request.ts';
import type { Discovery } from '../wire/discovery.ts';
import { splitApiVersion } from '../wire/discovery.ts';
import type { KubeApi } from '../wire/kube-api.ts';
import type { WriteSubject } from './write-subject.ts';
import { Refused, TEMPLATE_KINDS } from './write-subject.ts';

/** Null when it does not exist. @throws Refused when it may not be read */
export async function currentObject(api: KubeApi, path: string): Promise<KubeObject | null> {
  const answer = await api.send('GET', path);
  if (answer.status === 404) return null;
  if (answer.status === 200 && answer.object) return answer.object;
  if (answer.status >= 500) throw new Error(`the state before the write could not be read: ${answer.message}`);
  throw new Refused(
    'unreadable-pre-image',
    `without reading ${path} its state could not be restored (needs the right "get"): ${answer.message}`,
  );
}

/** What stands round a written object and decides whether and how the write can be undone. Reads only. */
export class WriteSurroundings {
  readonly #api: KubeApi;
  readonly #discovery: Discovery;
  readonly #rights = new Map<string, Promise<boolean>>();

  constructor(api: KubeApi, discovery: Discovery) {
    this.#api = api;
    this.#discovery = discovery;
  }

  /** @param thorough look also where replicas do not change */
  async autoscalerOf(
    { ref, verb, before }: WriteSubject,
    after: KubeObject | null,
    thorough: boolean,
  ): Promise<ObjectRef | undefined> {
    if (!thorough && before?.spec?.replicas === after?.spec?.replicas) return undefined;
    if (verb !== 'update' || !TEMPLATE_KINDS.has(ref.kind) || !ref.namespace) return undefined;
    const path = `/apis/autoscaling/v2/namespaces/${ref.namespace}/horizontalpodautoscalers`;
    // Without the right to list autoscalers the warning is missing, nothing else.
    const list = await this.#api.list(path).catch(() => ({ items: [] as KubeObject[] }));
    const found = list.items.find(
      (item) => item.spec?.scaleTargetRef?.kind === ref.kind && item.spec.scaleTargetRef.name === ref.name,
    );
    return (
      found && {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        namespace: ref.namespace,
        name: found.metadata.name,
      }
    );
  }

  /** An autoscaler changes its target: that one's replicas are brought back too. */
  async companions(subject: WriteSubject, after: KubeObject | null): Promise<Companion[]> {
    if (subject.ref.kind !== 'HorizontalPodAutoscaler') return [];
    const target = (after ?? subject.before)?.spec?.scaleTargetRef as
      { apiVersion?: string; kind: string; name: string } | undefined;
    if (!target) return [];
    const resource = await this.#discovery.resourceOfKind(target.apiVersion ?? 'apps/v1', target.kind);
    if (!resource) return [];
    const [group, version] = splitApiVersion(target.apiVersion ?? 'apps/v1');
    const path = objectPath(
      { group, version, resource: resource.name, namespace: subject.ref.namespace ?? '' },
      target.name,
    );
    const before = await currentObject(this.#api, path);
    if (before?.spec?.replicas === undefined) return [];
    const ref: ObjectRef = {
      apiVersion: before.apiVersion,
      kind: before.kind,
      namespace: subject.ref.namespace,
      name: target.name,
    };
    return [{ ref, path, before, field: ['spec', 'replicas'] }];
  }

  /** The inverse's verb must be permitted (a check by the API server itself). @throws Refused */
  async mustBeAllowed(subject: WriteSubject, forecast: UndoForecast): Promise<void> {
    const creating = subject.verb === 'create' || !subject.before;
    if (
      !creating &&
      subject.verb !== 'update' &&
      (forecast.inverse.startsWith('none') || forecast.inverse.startsWith('nothing'))
    )
      return;
    const verb = creating ? 'delete' : subject.verb === 'update' ? 'update' : 'create';
    const { group, resource, namespace } = subject.api;
    const name = verb === 'create' ? '' : subject.ref.name;
    const key = [verb, group, resource, namespace, name].join(' ');
    let pending = this.#rights.get(key);
    if (!pending) {
      pending = this.#mayI({ verb, group, resource, namespace, name });
      this.#rights.set(key, pending);
      // The caller gets the failure; the next one tries again.
      pending.catch(() => this.#rights.delete(key));
    }
    if (!(await pending)) {
      throw new Refused(
        'inverse-not-permitted',
        `undoing it needs the right to ${verb} ${resource}${group ? `.${group}` : ''}${namespace ? ` in ${namespace}` : ''}`,
      );
    }
  }

  async #mayI(attributes: Record<string, string>): Promise<boolean> {
    const answer = await this.#api.send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: attributes },
      },
    });
    if (answer.status >= 300) throw new Error(`the rights for the inverse could not be checked: ${answer.message}`);
    return answer.object?.status?.allowed === true;
  }
}
