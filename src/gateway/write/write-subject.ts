import { randomInt } from 'node:crypto';
import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { Json } from '../../json/json.ts';
import type { Acceptance } from '../../domain/transaction.ts';
import type { WriteVerb } from '../../undo/forecast.ts';
import type { ApiRequest } from '../wire/api-request.ts';
import { resolveGeneratedName } from './pin.ts';
import type { WriteBody } from '../wire/write-body.ts';

/** A write that must not happen. */
export class Refused extends Error {
  readonly rule: string;
  constructor(rule: string, reason: string) {
    super(reason);
    this.rule = rule;
  }
}

/** A write that only a person may let through, and who is there did not. */
export class NeedsAcceptance extends Refused {
  readonly needs: Acceptance[];
  constructor(needs: Acceptance[], reason: string) {
    super('needs-a-person', reason);
    this.needs = needs;
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

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

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
  /** A custom resource without a status subresource. */
  statusIsContent: boolean;
}

/** Kinds with `spec.replicas` and a pod template. */
export const TEMPLATE_KINDS = new Set(['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController']);

/** The server answers 409 to a stale version, but 422 where a `test` of a JSON patch fails. */
export function mayBeRace(status: number, subject: WriteSubject): boolean {
  return status === 409 || (status === 422 && subject.body.form === 'json-patch');
}

export function patchMethod(body: WriteBody): 'PUT' | 'PATCH' {
  return body.form === 'object' ? 'PUT' : 'PATCH';
}

export function verbOf(request: ApiRequest): WriteVerb {
  if (request.subresource === 'eviction') return 'evict';
  if (request.verb === 'create') return 'create';
  return request.verb === 'delete' ? 'delete' : 'update';
}

export function nameIt(body: WriteBody): WriteBody {
  const object = body.value as unknown as KubeObject | null;
  if (!object?.metadata) throw new Refused('unnamed', 'the object to create has no metadata');
  return { ...body, value: resolveGeneratedName(object, (below) => randomInt(below)) as unknown as Json };
}

export function contentTypeOf(body: WriteBody): string {
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

export function deleteOptions({ verb, body, target }: WriteSubject): {
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
