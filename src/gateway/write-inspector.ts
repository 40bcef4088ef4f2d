import { randomInt } from 'node:crypto';
import type { Json, KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { refKey } from '../domain/kube-object.ts';
import type { UndoForecast } from '../domain/transaction.ts';
import { forecastUndo } from '../undo/forecast.ts';
import type { WriteVerb } from '../undo/forecast.ts';
import { isControlled } from '../undo/inverse.ts';
import type { Companion } from '../undo/journaled-write.ts';
import type { ApiRequest } from './api-request.ts';
import { groupVersion, objectPath, withQuery } from './api-request.ts';
import type { KubeApi } from './kube-api.ts';
import type { Discovery } from './discovery.ts';
import { splitApiVersion } from './discovery.ts';
import { recreationBody } from '../undo/normalise.ts';
import { isOtherConflict } from './patience.ts';
import { onlyStatusMoved, pinBody, resolveGeneratedName } from './pin.ts';
import type { PolicyRule } from './policy.ts';
import { judgeContent } from './policy.ts';
import type { WriteBody } from './write-body.ts';

/** A write that must not happen. */
export class Refused extends Error {
  readonly rule: string;
  constructor(rule: string, reason: string) {
    super(reason);
    this.rule = rule;
  }
}

/** The server itself refuses the write. */
export class Rejected extends Error {
  readonly answer: { status: number; object: KubeObject | null; message: string };
  constructor(answer: { status: number; object: KubeObject | null; message: string }) {
    super(answer.message);
    this.answer = answer;
  }
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** A write as understood: which object it is about and what that object is now. */
export interface WriteSubject {
  verb: WriteVerb;
  ref: ObjectRef;
  /** API path of the object, without sub-resource. */
  path: string;
  /** Path and query to send to, without dryRun. */
  target: { path: string; query: URLSearchParams };
  contentType: string;
  body: WriteBody;
  before: KubeObject | null;
  subresource: string;
  api: Pick<ApiRequest, 'group' | 'version' | 'resource' | 'namespace'>;
}

export interface Assessment {
  forecast: UndoForecast;
  /** State after the write as far as known before it; null for deletions. */
  after: KubeObject | null;
  companions: Companion[];
}

/** A write that only lost a race against a status update is pinned anew at most this often. */
export const MAX_PINS = 8;
const TEMPLATE_KINDS = new Set(['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController']);

/** Reads around a write: pre-image, autoscalers, consumers, rights of the inverse. Reads only, with the full credential. */
export class WriteInspector {
  private readonly api: KubeApi;
  private readonly discovery: Discovery;
  private readonly manager: string;
  private readonly acceptHuman: boolean;
  private readonly rights = new Map<string, Promise<boolean>>();

  /**
   * @param manager field manager that every write carries
   * @param acceptHuman let writes through whose undo needs a person
   */
  constructor(api: KubeApi, discovery: Discovery, manager: string, acceptHuman: boolean) {
    this.api = api;
    this.acceptHuman = acceptHuman;
    this.discovery = discovery;
    this.manager = manager;
  }

  /**
   * @param known a reading of the object that the client itself based its write on; a stale one only makes the write fail
   * @throws Refused for kinds the server does not tell about, unreadable bodies and unreadable pre-images
   */
  async subject(request: ApiRequest, body: WriteBody, known?: KubeObject): Promise<WriteSubject> {
    const { group, version, resource, namespace, subresource } = request;
    const info = await this.discovery.resource(group, version, resource);
    if (!info)
      throw new Refused('unknown-kind', `the server does not describe ${resource} in ${groupVersion(request)}`);
    if (!(await this.discovery.servedLocally(group, version))) {
      throw new Refused(
        'aggregated',
        `${groupVersion(request)} is served by another server that may ignore dry-run and cannot be undone safely`,
      );
    }
    const verb = verbOf(request);
    const readable = body.form === 'protobuf' ? await this.transcode(request, body) : body;
    const resolved = verb === 'create' ? nameIt(readable) : readable;
    const name = verb === 'create' ? ((resolved.value as unknown as KubeObject)?.metadata?.name ?? '') : request.name;
    if (!name) throw new Refused('unnamed', `the ${info.kind} to create has no name`);
    const ref: ObjectRef = {
      apiVersion: groupVersion(request),
      kind: info.kind,
      ...(namespace ? { namespace } : {}),
      name,
    };
    const path = objectPath(request, name);
    const query = new URLSearchParams(request.query);
    query.delete('dryRun');
    const applying = resolved.form === 'apply';
    if (!applying && verb !== 'delete' && verb !== 'evict') query.set('fieldManager', this.manager);
    return {
      verb,
      ref,
      path,
      target: { path: verb === 'create' ? objectPath(request, '') : request.path, query },
      contentType: contentTypeOf(resolved),
      body: resolved,
      before: verb === 'create' ? null : (known ?? (await this.current(path))),
      subresource,
      api: { group, version, resource, namespace },
    };
  }

  /** Lets the server say in JSON what a protobuf body holds. @throws Rejected with the server's own answer */
  private async transcode(request: ApiRequest, body: WriteBody): Promise<WriteBody> {
    const query = new URLSearchParams(request.query);
    query.set('dryRun', 'All');
    const answer = await this.api.send(request.method, withQuery(request.path, query), {
      body: body.raw,
      contentType: PROTOBUF,
    });
    if (answer.status >= 300 || !answer.object) throw new Rejected(answer);
    const object = answer.object;
    delete object.metadata.managedFields;
    if (request.verb === 'update') return { form: 'object', value: object as unknown as Json };
    // A name given by the server is another one each time: then the JSON form, which has the name in it, is sent.
    if (object.metadata.generateName) return { form: 'object', value: recreationBody(object) as unknown as Json };
    return { form: 'object', value: object as unknown as Json, raw: body.raw };
  }

  /** Null when it does not exist. @throws Refused when it may not be read */
  async current(path: string): Promise<KubeObject | null> {
    const answer = await this.api.send('GET', path);
    if (answer.status === 404) return null;
    if (answer.status === 200 && answer.object) return answer.object;
    if (answer.status >= 500) throw new Error(`the state before the write could not be read: ${answer.message}`);
    throw new Refused(
      'unreadable-pre-image',
      `without reading ${path} its state could not be restored (needs the right "get"): ${answer.message}`,
    );
  }

  /**
   * Sends the write, pinned to its pre-image, with dryRun=All. Where only status moved since the pre-image was read, the
   * newer one takes its place in `subject`.
   */
  async dryRun(subject: WriteSubject): Promise<{ status: number; object: KubeObject | null; message: string }> {
    for (let pin = 1; ; pin++) {
      const answer = await this.dryRunOnce(subject);
      const passes = subject.verb === 'create' && isOtherConflict(answer.status, answer.object) && pin < MAX_PINS;
      if (passes) continue;
      if (!mayBeRace(answer.status, subject) || !subject.before || pin >= MAX_PINS) return answer;
      const now = await this.current(subject.path);
      const untouched = now?.metadata.resourceVersion === subject.before.metadata.resourceVersion;
      // Untouched and 409: the conflict is about something else (a quota), and passes.
      if (!onlyStatusMoved(subject.before, now) || (untouched && answer.status !== 409)) return answer;
      subject.before = now;
    }
  }

  private async dryRunOnce(
    subject: WriteSubject,
  ): Promise<{ status: number; object: KubeObject | null; message: string }> {
    const { target, body, before, verb } = subject;
    const query = new URLSearchParams(target.query);
    query.set('dryRun', 'All');
    let value: Json | Buffer = body.raw ?? pinBody(verb, body, before);
    if (verb === 'delete') value = { ...(value as unknown as { [key: string]: Json }), dryRun: ['All'] };
    if (verb === 'evict') {
      const eviction = value as unknown as { [key: string]: { [key: string]: Json } };
      eviction.deleteOptions!.dryRun = ['All'];
    }
    const method = verb === 'delete' ? 'DELETE' : verb === 'create' || verb === 'evict' ? 'POST' : patchMethod(body);
    return this.api.send(method, withQuery(target.path, query), {
      body: value ?? undefined,
      contentType: subject.contentType,
    });
  }

  /** The whole object after the write, from an answer that may be a Scale. */
  afterImage(subject: WriteSubject, answer: KubeObject | null): KubeObject | null {
    if (subject.verb === 'delete' || subject.verb === 'evict') return null;
    if (subject.subresource !== 'scale' || !subject.before) return answer;
    if (subject.before.spec?.replicas === undefined && !TEMPLATE_KINDS.has(subject.ref.kind)) {
      throw new Refused(
        'scale',
        `which field of a ${subject.ref.kind} its scale changes is not known; patch the object itself`,
      );
    }
    const after = structuredClone(subject.before);
    after.spec = { ...after.spec, replicas: answer?.spec?.replicas ?? 0 };
    return after;
  }

  /**
   * Forecast of the undo, content rules, rights of the inverse.
   * @param thorough also look for autoscalers where replicas do not change, to warn of them
   * @throws Refused
   */
  async assess(
    subject: WriteSubject,
    after: KubeObject | null,
    createdHere: (ref: ObjectRef) => boolean,
    thorough: boolean,
  ): Promise<Assessment> {
    const { verb, ref, before } = subject;
    if (after) {
      const verdict = judgeContent({ before, after, roleRules: await this.roleRules(after) });
      if (verdict.action === 'refuse') throw new Refused(verdict.rule, verdict.reason);
    }
    const options = deleteOptions(subject);
    const forecast = forecastUndo({
      verb: verb === 'update' && before === null ? 'create' : verb,
      ref,
      before,
      after,
      createdHere: createdHere(ref),
      propagation: options.propagationPolicy,
      force: options.gracePeriodSeconds === 0,
      autoscaler: await this.autoscalerOf(subject, after, thorough),
      consumers: ref.kind === 'PersistentVolumeClaim' && verb === 'delete' ? await this.consumersOf(ref) : undefined,
    });
    if (forecast.class === 'refused') throw new Refused('not-undoable', forecast.residue.join('; '));
    if (forecast.class === 'human' && !this.acceptHuman) {
      throw new Refused('needs-a-person', `undoing it needs a person: ${forecast.residue.join('; ')}`);
    }
    await this.mustBeAllowed(subject, forecast);
    return { forecast, after, companions: await this.companions(subject, after) };
  }

  /** API path of an object; null when the server does not know its kind. */
  async pathOf(ref: ObjectRef): Promise<string | null> {
    const resource = await this.discovery.resourceOfKind(ref.apiVersion, ref.kind);
    if (!resource) return null;
    const { group, version, name } = resource;
    return objectPath({ group, version, resource: name, namespace: ref.namespace ?? '' }, ref.name);
  }

  /** Pods of the claim's namespace that mount it and have not ended. */
  async consumersOf(claim: ObjectRef): Promise<KubeObject[]> {
    const { items } = await this.api.list(`/api/v1/namespaces/${claim.namespace}/pods`);
    return items.filter(
      (pod) =>
        !['Succeeded', 'Failed'].includes(pod.status?.phase) &&
        pod.spec?.volumes?.some(
          (volume: { persistentVolumeClaim?: { claimName?: string } }) =>
            volume.persistentVolumeClaim?.claimName === claim.name,
        ),
    );
  }

  private async autoscalerOf(
    { ref, verb, before }: WriteSubject,
    after: KubeObject | null,
    thorough: boolean,
  ): Promise<ObjectRef | undefined> {
    if (!thorough && before?.spec?.replicas === after?.spec?.replicas) return undefined;
    if (verb !== 'update' || !TEMPLATE_KINDS.has(ref.kind) || !ref.namespace) return undefined;
    const path = `/apis/autoscaling/v2/namespaces/${ref.namespace}/horizontalpodautoscalers`;
    // Without the right to list autoscalers the warning is missing, nothing else.
    const list = await this.api.list(path).catch(() => ({ items: [] as KubeObject[] }));
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
  private async companions(subject: WriteSubject, after: KubeObject | null): Promise<Companion[]> {
    if (subject.ref.kind !== 'HorizontalPodAutoscaler') return [];
    const target = (after ?? subject.before)?.spec?.scaleTargetRef as
      { apiVersion?: string; kind: string; name: string } | undefined;
    if (!target) return [];
    const resource = await this.discovery.resourceOfKind(target.apiVersion ?? 'apps/v1', target.kind);
    if (!resource) return [];
    const [group, version] = splitApiVersion(target.apiVersion ?? 'apps/v1');
    const path = objectPath(
      { group, version, resource: resource.name, namespace: subject.ref.namespace ?? '' },
      target.name,
    );
    const before = await this.current(path);
    if (before?.spec?.replicas === undefined) return [];
    const ref: ObjectRef = {
      apiVersion: before.apiVersion,
      kind: before.kind,
      namespace: subject.ref.namespace,
      name: target.name,
    };
    return [{ ref, path, before, field: ['spec', 'replicas'] }];
  }

  private async roleRules(after: KubeObject): Promise<PolicyRule[] | null> {
    if (after.kind !== 'RoleBinding' && after.kind !== 'ClusterRoleBinding') return null;
    const root = '/apis/rbac.authorization.k8s.io/v1';
    const { kind, name } = (after.roleRef ?? {}) as { kind?: string; name?: string };
    const place =
      kind === 'ClusterRole' ? `${root}/clusterroles` : `${root}/namespaces/${after.metadata.namespace}/roles`;
    const answer = await this.api.send('GET', `${place}/${encodeURIComponent(name ?? '')}`);
    if (answer.status === 404) return [];
    return answer.status === 200 ? ((answer.object?.rules ?? []) as PolicyRule[]) : null;
  }

  /** The inverse's verb must be permitted (a check by the API server itself). */
  private async mustBeAllowed(subject: WriteSubject, forecast: UndoForecast): Promise<void> {
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
    let pending = this.rights.get(key);
    if (!pending) {
      pending = this.mayI({ verb, group, resource, namespace, name });
      this.rights.set(key, pending);
      pending.catch(() => this.rights.delete(key));
    }
    if (!(await pending)) {
      throw new Refused(
        'inverse-not-permitted',
        `undoing it needs the right to ${verb} ${resource}${group ? `.${group}` : ''}${namespace ? ` in ${namespace}` : ''}`,
      );
    }
  }

  private async mayI(attributes: Record<string, string>): Promise<boolean> {
    const answer = await this.api.send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
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

/** The server answers 409 to a stale version, but 422 where a `test` of a JSON patch fails. */
export function mayBeRace(status: number, subject: WriteSubject): boolean {
  return status === 409 || (status === 422 && subject.body.form === 'json-patch');
}

export function patchMethod(body: WriteBody): 'PUT' | 'PATCH' {
  return body.form === 'object' ? 'PUT' : 'PATCH';
}

function verbOf(request: ApiRequest): WriteVerb {
  if (request.subresource === 'eviction') return 'evict';
  if (request.verb === 'create') return 'create';
  return request.verb === 'delete' ? 'delete' : 'update';
}

function nameIt(body: WriteBody): WriteBody {
  const object = body.value as unknown as KubeObject | null;
  if (!object?.metadata) throw new Refused('unnamed', 'the object to create has no metadata');
  return { ...body, value: resolveGeneratedName(object, (below) => randomInt(below)) as unknown as Json };
}

function contentTypeOf(body: WriteBody): string {
  if (body.raw) return PROTOBUF;
  const types: Record<WriteBody['form'], string> = {
    protobuf: PROTOBUF,
    none: 'application/json',
    object: 'application/json',
    'merge-patch': 'application/merge-patch+json',
    'strategic-patch': 'application/strategic-merge-patch+json',
    'json-patch': 'application/json-patch+json',
    apply: 'application/apply-patch+yaml',
  };
  return types[body.form];
}

function deleteOptions({ verb, body, target }: WriteSubject): {
  propagationPolicy?: string;
  gracePeriodSeconds?: number;
} {
  const value = (body.value ?? {}) as { [key: string]: Json };
  const options = (verb === 'evict' ? (value.deleteOptions ?? {}) : verb === 'delete' ? value : {}) as {
    [key: string]: Json;
  };
  const seconds = options.gracePeriodSeconds ?? target.query.get('gracePeriodSeconds');
  const policy =
    options.propagationPolicy ??
    target.query.get('propagationPolicy') ??
    (options.orphanDependents === true ? 'Orphan' : undefined);
  return {
    ...(policy ? { propagationPolicy: String(policy) } : {}),
    ...(seconds != null ? { gracePeriodSeconds: Number(seconds) } : {}),
  };
}

/** True when a deletion of this object needs no inverse because its controller acts. */
export function isDerived(object: KubeObject | null): boolean {
  return object !== null && isControlled(object);
}

export function sameRef(a: ObjectRef, b: ObjectRef): boolean {
  return refKey(a) === refKey(b);
}
