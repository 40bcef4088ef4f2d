import type { PatchOp } from '../../../domain/change.ts';
import type { Evidence } from '../../../domain/finding.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { pointerKeys, pointerToken, stableJson } from '../../../json/stable-json.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import type { Untyped } from '../../../kube/pod-template.ts';
import { lastApplied, podTemplateOf } from '../../../kube/pod-template.ts';
import { condition } from '../../../kube/pods.ts';
import { earlierRevisions } from '../../../kube/revisions.ts';
import { evidence } from '../engine/analyzer.ts';

/** A part of a workload's pod template as it was before, and the way back to it. */
export interface FormerPart {
  /** Guarded by tests of the present values; pointers are those of the whole object. */
  ops: PatchOp[];
  /** Pointers below the pod spec that differ, e.g. `/containers/0/livenessProbe/timeoutSeconds`. */
  pointers: string[];
  /** The pod spec with the part restored. */
  podSpec: Untyped;
  evidence: Evidence;
  /** 0..1: 1 when pods of that revision are ready now. */
  trust: number;
}

interface Former {
  podSpec: Untyped;
  trust: number;
  name: string;
  source: KubeObject;
  /** With the server's defaults: what it does not hold was not there. */
  complete: boolean;
}

interface Difference {
  pointer: string;
  now: unknown;
  before: unknown;
}

/**
 * What earlier states of the template had in place of the parts of it that a fault concerns, most trustworthy first:
 * revisions that its controller keeps, then the configuration last applied. States that do not differ there are left
 * out. Elements of lists are compared where they have the same name at the same place, else the list as a whole.
 * @param concerns pointer below the pod spec, e.g. `/containers/0/resources/limits/memory`
 */
export function formerParts(
  view: ClusterView,
  workload: KubeObject,
  concerns: (pointer: string) => boolean,
): FormerPart[] {
  const template = podTemplateOf(workload);
  if (!template) return [];
  const seen = new Set<string>();
  return formersOf(view, workload).flatMap(({ podSpec, trust, name, source, complete }) => {
    const differences = differencesOf(template.spec, podSpec, '').filter(
      ({ pointer, before }) => concerns(pointer) && (complete || before !== undefined),
    );
    const ops = differences.flatMap((difference) => opsOf(template.pointer, difference));
    const key = stableJson(ops);
    if (ops.length === 0 || seen.has(key)) return [];
    seen.add(key);
    const text = `${name} had ${differences.map((each) => inWords(template.spec, each)).join(', ')}`;
    return {
      ops,
      pointers: differences.map(({ pointer }) => pointer),
      podSpec: differences.reduce(restored, template.spec),
      evidence: evidence('revision', source, template.field, text),
      trust,
    };
  });
}

function formersOf(view: ClusterView, workload: KubeObject): Former[] {
  const revisions =
    workload.kind === 'CronJob'
      ? earlierRuns(view, workload)
      : earlierRevisions(view, workload).map((revision) => ({
          podSpec: revision.template.spec,
          trust: revision.readyPods > 0 ? 1 : 0.95,
          name: `revision ${revision.number}`,
          source: revision.source,
          complete: true,
        }));
  const applied = podTemplateOf({ ...workload, spec: lastApplied(workload)?.spec });
  if (!applied) return revisions;
  return [
    ...revisions,
    { podSpec: applied.spec, trust: 0.9, name: 'the configuration last applied', source: workload, complete: false },
  ];
}

/** A CronJob keeps no revisions, but its finished Jobs have the template that it had when it made them. */
function earlierRuns(view: ClusterView, cronJob: KubeObject): Former[] {
  const made = ({ metadata }: KubeObject) => Date.parse(metadata.creationTimestamp ?? '') || 0;
  return view
    .ownedBy(cronJob, 'Job')
    .filter((job) => condition(job, 'Complete')?.status === 'True' && podTemplateOf(job) !== null)
    .sort((a, b) => made(b) - made(a))
    .map((job) => ({
      podSpec: podTemplateOf(job)!.spec,
      trust: 1,
      name: `Job ${job.metadata.name}, which succeeded,`,
      source: job,
      complete: true,
    }));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The server drops an empty list that a manifest has. */
const orNull = (value: unknown): unknown => (Array.isArray(value) && value.length === 0 ? null : (value ?? null));

function differencesOf(now: unknown, before: unknown, pointer: string): Difference[] {
  if (stableJson(orNull(now)) === stableJson(orNull(before))) return [];
  if (isObject(now) && isObject(before)) {
    const keys = [...new Set([...Object.keys(now), ...Object.keys(before)])].sort();
    return keys.flatMap((key) => differencesOf(now[key], before[key], `${pointer}/${pointerToken(key)}`));
  }
  if (Array.isArray(now) && Array.isArray(before) && sameNames(now, before)) {
    return now.flatMap((item, index) => differencesOf(item, before[index], `${pointer}/${index}`));
  }
  return [{ pointer, now, before }];
}

function sameNames(now: unknown[], before: unknown[]): boolean {
  const name = (item: unknown) => (isObject(item) ? item.name : undefined);
  return (
    now.length === before.length &&
    now.every((item, index) => name(item) !== undefined && name(item) === name(before[index]))
  );
}

function opsOf(root: string, { pointer, now, before }: Difference): PatchOp[] {
  const path = root + pointer;
  if (now === undefined) return [{ op: 'add', path, value: before }];
  const guard: PatchOp = { op: 'test', path, value: now };
  return [guard, before === undefined ? { op: 'remove', path } : { op: 'replace', path, value: before }];
}

function restored(podSpec: Untyped, { pointer, before }: Difference): Untyped {
  const steps = pointerKeys(pointer);
  const put = (at: unknown, [step, ...rest]: string[]): unknown => {
    if (step === undefined) return before;
    if (Array.isArray(at)) return at.map((item, index) => (String(index) === step ? put(item, rest) : item));
    const { [step]: old, ...others } = (at ?? {}) as Record<string, unknown>;
    const value = put(old, rest);
    return value === undefined ? others : { ...others, [step]: value };
  };
  return put(podSpec, steps) as Untyped;
}

/** `/containers/0/resources/limits/memory` as `memory 64Mi in container web's resources.limits`. */
function inWords(podSpec: Untyped, { pointer, before }: Difference): string {
  const steps = pointer.split('/').slice(1);
  let at: unknown = podSpec;
  const words = steps.map((step) => {
    at = (at as Record<string, unknown> | undefined)?.[step];
    const name = isObject(at) ? at.name : undefined;
    return /^\d+$/.test(step) && typeof name === 'string' ? `[${name}]` : `.${step}`;
  });
  const value = before === undefined ? 'nothing' : stableJson(before);
  return `${words.join('').slice(1)} = ${value.length > 160 ? `${value.slice(0, 160)}…` : value}`;
}
