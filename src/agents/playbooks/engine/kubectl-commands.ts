import { actionArgv } from '../../../domain/action.ts';
import type { Change } from '../../../domain/change.ts';
import type { ObjectRef } from '../../../domain/kube-object.ts';

/** The command that makes a change (kubectl's argv without that word, or stratus' own): the one place where commands are spelled. */
export function argvOf(change: Change): string[] {
  switch (change.type) {
    case 'json-patch':
      return patch(change.object, 'json', change.ops);
    case 'merge-patch':
      return patch(change.object, 'merge', change.patch);
    case 'scale':
      return ['scale', target(change.object), `--replicas=${change.replicas}`, ...namespaceFlag(change.object)];
    case 'rollout-undo':
      return [
        'rollout', 'undo', target(change.object), ...namespaceFlag(change.object), `--to-revision=${change.revision}`,
      ]; // prettier-ignore
    case 'rollout-restart':
      return ['rollout', 'restart', target(change.object), ...namespaceFlag(change.object)];
    case 'await-rollout':
      return ['rollout', 'status', target(change.workload), ...namespaceFlag(change.workload), '--timeout=60s'];
    case 'set-image': {
      const pairs = Object.entries(change.images).map(([container, image]) => `${container}=${image}`);
      return ['set', 'image', target(change.object), ...pairs, ...namespaceFlag(change.object)];
    }
    case 'delete': {
      const { object, wait } = change;
      // For pods that their controller makes anew, waiting is the settler's work.
      const waiting = wait ? '--timeout=60s' : '--wait=false';
      return ['delete', object.kind.toLowerCase(), object.name, ...namespaceFlag(object), waiting];
    }
    case 'action':
      return actionArgv(change.call);
    case 'create':
      return ['create', '-f', `{{${change.file}}}`, '-n', change.namespace];
    case 'start-job': {
      const { cronJob, name } = change;
      return ['create', 'job', name, `--from=cronjob/${cronJob.name}`, ...namespaceFlag(cronJob)];
    }
  }
}

function patch(object: ObjectRef, type: 'json' | 'merge', body: unknown): string[] {
  const words = ['patch', object.kind.toLowerCase(), object.name, ...namespaceFlag(object)];
  return [...words, `--type=${type}`, `-p=${JSON.stringify(body)}`];
}

function target({ kind, name }: ObjectRef): string {
  return `${kind.toLowerCase()}/${name}`;
}

function namespaceFlag({ namespace }: ObjectRef): string[] {
  return namespace ? ['-n', namespace] : [];
}

const PLAIN_IMAGE = /^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/;

/** True for an image reference that is safe and sensible to write into a command. */
export function isPlainImage(image: string): boolean {
  return image.length <= 400 && PLAIN_IMAGE.test(image);
}
