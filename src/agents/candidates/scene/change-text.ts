import type { Change, PatchOp } from '../../../domain/change.ts';
import { changedObject } from '../../../domain/change.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { containersOf, podTemplateOf } from '../../../kube/pod-template.ts';
import { desiredReplicas } from '../../../kube/pods.ts';
import { shown } from './draft.ts';

/** Parts told of one action: its first ones say what it is about. */
const MAX_PARTS = 2;

/** What changes do, from what to what: `Service shop: spec.ports.0.targetPort 9999 → 8081`. */
export function changesText(view: ClusterView, changes: readonly Change[]): string {
  const texts = changes.map((change) => changeText(view, change));
  const more = texts.length > MAX_PARTS ? ` and ${texts.length - MAX_PARTS} more` : '';
  return texts.slice(0, MAX_PARTS).join('; ') + more;
}

function changeText(view: ClusterView, change: Change): string {
  const ref = changedObject(change);
  const name = ref ? `${ref.kind} ${ref.name}` : '';
  const object = ref ? view.find(ref.kind, ref.namespace, ref.name) : undefined;
  switch (change.type) {
    case 'json-patch':
      return `${name}: ${opsText(change.ops)}`;
    case 'merge-patch':
      return `${name}: ${shown(change.patch)}`;
    case 'scale':
      return `${name}: replicas ${object ? shown(desiredReplicas(object)) : 'unknown'} → ${change.replicas}`;
    case 'rollout-undo':
      return `roll ${name} back to revision ${change.revision}`;
    case 'rollout-restart':
      return `restart ${name}`;
    case 'set-image': {
      const containers = containersOf((object && podTemplateOf(object))?.spec);
      const parts = Object.entries(change.images).map(([container, image]) => {
        const now = containers.find((each) => each.name === container)?.image;
        return `image of container ${container} ${shown(now)} → ${shown(image)}`;
      });
      return `${name}: ${parts.join(', ')}`;
    }
    case 'delete':
      return `${change.wait ? 'delete' : 'make anew'} ${name}`;
    case 'create':
      return `create what ${change.file} holds`;
    case 'start-job':
      return `start a run of CronJob ${change.cronJob.name}`;
    case 'await-rollout':
      return `wait for ${change.workload.kind} ${change.workload.name}`;
    case 'action':
      return `run action ${change.call.name}`;
  }
}

function opsText(ops: readonly PatchOp[]): string {
  const tests = new Map(ops.flatMap((op) => (op.op === 'test' ? [[op.path, op.value]] : [])));
  const parts = ops
    .filter(({ op }) => op !== 'test')
    .map((op) => {
      const field = op.path.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
      return `${field} ${shown(tests.get(op.path))} → ${shown('value' in op ? op.value : undefined)}`;
    });
  const more = parts.length > MAX_PARTS ? ` and ${parts.length - MAX_PARTS} more` : '';
  return parts.slice(0, MAX_PARTS).join(', ') + more;
}
