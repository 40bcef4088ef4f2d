import type { ObjectRef } from '../../domain/kube-object.ts';
import { refKey, refLabel } from '../../domain/kube-object.ts';
import type { Plan } from '../../domain/plan.ts';
import { stepArgv } from '../../domain/plan.ts';
import type { Severity } from '../../domain/severity.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import type { StepRehearsal } from '../../domain/transaction.ts';
import { ClusterView } from '../../kube/cluster-view.ts';
import { callersOf, subjectsOf } from '../../kube/subjects.ts';
import { commandText } from '../../kubectl/command-text.ts';

/** What commands of a model may write unasked: what runs, and what leads to it. Everything else wants a person. */
const PLAIN = new Set([
  'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Pod', 'Job', 'CronJob', 'Service', 'ConfigMap', 'Ingress',
  'HorizontalPodAutoscaler', 'PersistentVolumeClaim',
]); // prettier-ignore

/**
 * Why a plan with commands that a model wrote wants a person, by what the rehearsal says that they write rather than by their
 * words: objects of the whole cluster, kinds that guard or hold secrets, and objects that have nothing to do with what is
 * unhealthy, which might ride along with a fix and be kept with it. Null when nothing speaks for a person.
 */
export function delicateWrites(
  plan: Plan,
  steps: readonly StepRehearsal[],
  snapshot: ClusterSnapshot,
  severity: Severity,
): string | null {
  if (!plan.byModel) return null;
  const view = new ClusterView(snapshot);
  const sick = sickSubjects(view, severity);
  for (const [index, step] of plan.steps.entries()) {
    // What was derived from a listed action is known.
    if (step.type === 'kubectl' && step.change) continue;
    const { ok, writes } = steps[index] ?? { ok: false, writes: [] };
    if (!ok || writes.length === 0) return `nobody can tell beforehand what '${commandText(stepArgv(step))}' writes`;
    for (const { ref } of writes) {
      const name = refLabel(ref);
      if (!ref.namespace) return `a command of the model writes ${name}, which belongs to the whole cluster`;
      if (!PLAIN.has(ref.kind)) return `a command of the model writes ${name}`;
      if (!reachOf(view, ref).some((subject) => sick.has(subject)))
        return `a command of the model writes ${name}, which has nothing to do with what is unhealthy`;
    }
  }
  return null;
}

function reachOf(view: ClusterView, ref: ObjectRef): string[] {
  return [...subjectsOf(view, ref), ...callersOf(view, ref), refKey(ref)];
}

function sickSubjects(view: ClusterView, severity: Severity): Set<string> {
  const items = severity.known ? severity.items : [];
  const objects = items.flatMap(({ object, asks }) => object ?? asks ?? []);
  return new Set(objects.flatMap((object) => [...subjectsOf(view, object), refKey(object)]));
}
