import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { onSomeNode } from '../../../../kube/image-state.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { containersOf, hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { evidence } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';

export interface PullPolicy {
  /** After the finding's message; empty where the policy was always so. */
  text: string;
  fixes: FixDraft[];
  reasons: Evidence[];
}

const FIELD = 'imagePullPolicy';

/**
 * A pull policy that a failing container got with its present revision, under the image that it had before: `Always`
 * asks the registry for what the node holds, `Never` asks it for nothing (kubernetes.io: Image pull policy).
 * @param failing images by the names of their containers
 */
export function changedPullPolicy(
  view: ClusterView,
  workload: KubeObject,
  failing: ReadonlyMap<string, string>,
  waits: (pod: KubeObject) => boolean,
): PullPolicy {
  const template = podTemplateOf(workload);
  const containers = containersOf(template?.spec).filter(
    ({ name, spec }) => failing.has(name) && ['Always', 'Never'].includes(String(spec?.[FIELD])),
  );
  const none: PullPolicy = { text: '', fixes: [], reasons: [] };
  if (!template || containers.length === 0 || !hasMutableTemplate(workload)) return none;
  const fields = new Set(containers.map(({ pointer }) => `${pointer}/${FIELD}`));
  const images = new Set(containers.map(({ pointer }) => `${pointer}/image`));
  const concerns = (pointer: string) => fields.has(pointer) || images.has(pointer);
  // With another image before, nobody knows whether this one was ever pulled.
  const part = formerParts(view, workload, concerns).find(({ pointers }) => pointers.every((each) => fields.has(each)));
  if (!part) return none;
  const held = [...failing.values()].every((image) => onSomeNode(view, image));
  const changed = containers.filter(({ pointer }) => part.pointers.includes(`${pointer}/${FIELD}`));
  const says = changed.map(({ name, spec }) => `${FIELD} ${String(spec?.[FIELD])} of container ${name}`).join(', ');
  const { kind, metadata } = workload;
  return {
    text: `; ${says} is new, and the image is the same as before`,
    fixes: [
      {
        changes: [jsonPatch(workload, part.ops), ...replaceStuckPods(view, workload, waits)],
        expects: `${kind} ${metadata.name} has its former ${FIELD} and its pods become ready`,
        confidence: (held ? 0.95 : 0.85) * part.trust,
      },
    ],
    reasons: [
      ...changed.map(({ place, spec }) =>
        evidence('spec', workload, `${template.field}.${place}.${FIELD}`, `${FIELD} is ${String(spec?.[FIELD])}`),
      ),
      part.evidence,
    ],
  };
}
