import type { PatchOp } from '../../../../domain/change.ts';
import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { isMap } from '../../../../json/json-map.ts';
import { pointerKeys, stableJson } from '../../../../json/stable-json.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import { condition } from '../../../../kube/pods.ts';
import { earlierRevisions } from '../../../../kube/revisions.ts';
import { evidence } from '../../engine/analyzer.ts';
import { differencesOf, restoringOps } from '../patches/field-difference.ts';
import type { Difference } from '../patches/field-difference.ts';

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
    const ops = differences.flatMap((difference) => restoringOps(template.pointer, difference));
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
    const name = isMap(at) ? at.name : undefined;
    return /^\d+$/.test(step) && typeof name === 'string' ? `[${name}]` : `.${step}`;
  });
  const value = before === undefined ? 'nothing' : stableJson(before);
  return `${words.join('').slice(1)} = ${value.length > 160 ? `${value.slice(0, 160)}…` : value}`;
}
