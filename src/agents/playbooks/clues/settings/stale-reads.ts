import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { configReferences, keysOf } from '../../../../kube/config-references.ts';
import type { ConfigReference } from '../../../../kube/config-references.ts';
import { containerStatuses } from '../../../../kube/image-state.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import { containersOf, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { isLiving } from '../../../../kube/pods.ts';

/** Configuration that changed after the containers that read it once had started. */
export interface StaleRead {
  object: KubeObject;
  keys: string[];
  /** `variable` and `subPath` are never refreshed; a `file` is, but many programs read it only when they start. */
  how: 'variable' | 'subPath' | 'file';
  container: string;
  pods: KubeObject[];
  /** When it changed and who changed it. */
  at: number;
  by: string;
  /** When the oldest of the containers started. */
  startedAt: number;
}

/** A change and a start in the same second tell nothing. */
const SLACK_MS = 1_000;

/**
 * What the running containers of a workload read before it changed. Variables are taken when a container starts, and a
 * file mounted with subPath stays as it was then.
 * Source: kubernetes.io, "ConfigMaps": mounted ConfigMaps are updated automatically.
 */
export function staleReads(view: ClusterView, workload: KubeObject): StaleRead[] {
  const pods = view.podsOf(workload).filter(isLiving);
  const template = podTemplateOf(workload);
  if (pods.length === 0 || !template) return [];
  return configReferences(template.spec).flatMap((reference) => {
    const object = view.find(reference.kind, workload.metadata.namespace, reference.name);
    if (!object) return [];
    return usersOf(template.spec, reference).flatMap(({ container, how, file }): StaleRead[] => {
      const keys = keysRead(object, reference, file);
      const changes = keys.flatMap((key) => changeOf(object, key) ?? []);
      const change = changes.sort((a, b) => b.at - a.at)[0];
      if (!change) return [];
      const old = pods.flatMap((pod) => {
        const started = startOf(pod, container);
        return started !== null && started + SLACK_MS < change.at ? [{ pod, started }] : [];
      });
      if (old.length === 0) return [];
      const fresh = keys.filter((key) => (changeOf(object, key)?.at ?? 0) === change.at);
      const startedAt = Math.min(...old.map(({ started }) => started));
      return [{ object, keys: fresh, how, container, pods: old.map(({ pod }) => pod), ...change, startedAt }];
    });
  });
}

function changeOf(object: KubeObject, key: string): { at: number; by: string } | null {
  const field = object['binaryData']?.[key] === undefined ? 'data' : 'binaryData';
  return changedAt(object, [field, key]);
}

/** Entries that a place reads; an entry that was asked for and is not there was never read. */
function keysRead(object: KubeObject, { key }: ConfigReference, file: string | null): string[] {
  const have = keysOf(object);
  if (key !== null) return have.filter((each) => each === key);
  return file === null ? have : have.filter((each) => each === file);
}

function usersOf(
  podSpec: Untyped,
  { namePointer, user, keyPointer }: ConfigReference,
): { container: string; how: StaleRead['how']; file: string | null }[] {
  const [, list, index] = namePointer.split('/');
  if (list !== 'volumes') {
    const name = containersOf(podSpec).find(({ pointer }) => namePointer.startsWith(`${pointer}/`))?.name;
    return name === undefined ? [] : [{ container: name, how: 'variable', file: null }];
  }
  const volume: Untyped = podSpec.volumes[Number(index)];
  return containersOf(podSpec).flatMap((container) => {
    const mounts = (Array.isArray(container.spec?.volumeMounts) ? container.spec.volumeMounts : []) as Untyped[];
    return mounts.flatMap((mount) => {
      if (mount?.name !== volume?.name) return [];
      const file = String(mount.subPath ?? '');
      // Items carry their own path; a mount of another one does not read this key.
      if (file !== '' && keyPointer !== null && !user.endsWith(`file ${file}`)) return [];
      const how = file === '' ? ('file' as const) : ('subPath' as const);
      return [{ container: container.name, how, file: file !== '' && keyPointer === null ? file : null }];
    });
  });
}

function startOf(pod: KubeObject, container: string): number | null {
  const status = containerStatuses(pod).find((each) => each?.name === container);
  const at = Date.parse(status?.state?.running?.startedAt ?? '');
  return Number.isNaN(at) ? null : at;
}
