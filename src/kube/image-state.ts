import type { KubeObject } from '../domain/kube-object.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Untyped } from './pod-template.ts';

export const PULL_FAILURES = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);

/** Statuses of all containers of a pod, init containers first. */
export function containerStatuses(pod: KubeObject): Untyped[] {
  return ['initContainerStatuses', 'containerStatuses'].flatMap((list) => {
    const statuses: unknown = pod.status?.[list];
    return Array.isArray(statuses) ? statuses : [];
  });
}

/** The image that a pod's spec gives for one of its containers. */
export function specImage(pod: KubeObject, container: string): string | undefined {
  const all: Untyped[] = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return all.find((each) => each?.name === container)?.image;
}

/**
 * `runs`: some container started with it or a node holds it; `failing`: a pull of it fails now; `unknown` otherwise.
 * A failing pull wins: the image may be present on one node only.
 */
export function imageState(view: ClusterView, image: string): 'runs' | 'failing' | 'unknown' {
  let known = seen.get(view);
  if (!known) seen.set(view, (known = imagesSeen(view)));
  if (known.failing.has(image)) return 'failing';
  return known.started.has(image) || onSomeNode(view, image) ? 'runs' : 'unknown';
}

interface ImagesSeen {
  failing: Set<string>;
  started: Set<string>;
}

const seen = new WeakMap<ClusterView, ImagesSeen>();

function imagesSeen(view: ClusterView): ImagesSeen {
  const known: ImagesSeen = { failing: new Set(), started: new Set() };
  for (const pod of view.all('Pod')) {
    for (const status of containerStatuses(pod)) {
      const image = specImage(pod, status?.name);
      if (image === undefined) continue;
      if (PULL_FAILURES.has(status?.state?.waiting?.reason)) known.failing.add(image);
      if (hasStarted(status)) known.started.add(image);
    }
  }
  return known;
}

export function hasStarted(status: Untyped): boolean {
  return Boolean(status?.imageID || status?.containerID || status?.state?.running || status?.lastState?.terminated);
}

/** True if a node says that it holds the image; nodes name only some of theirs. */
export function onSomeNode(view: ClusterView, image: string): boolean {
  const wanted = fullName(image);
  return view.all('Node').some((node) => {
    const images: Untyped[] = Array.isArray(node.status?.images) ? node.status.images : [];
    return images.some((each) => (each?.names ?? []).some((name: unknown) => fullName(String(name)) === wanted));
  });
}

/** `nginx` and `docker.io/library/nginx:latest` are one image. */
export function fullName(image: string): string {
  const { repository, suffix } = splitImage(image);
  const parts = repository.split('/');
  const hasRegistry =
    parts.length > 1 && (parts[0]!.includes('.') || parts[0]!.includes(':') || parts[0] === 'localhost');
  const path = hasRegistry ? repository : `docker.io/${parts.length === 1 ? 'library/' : ''}${repository}`;
  return `${path}${suffix || ':latest'}`;
}

/** Repository and `:tag`, `@digest` or both; the port of a registry is not a tag. */
export function splitImage(image: string): { repository: string; suffix: string } {
  const at = image.indexOf('@');
  const named = at < 0 ? image : image.slice(0, at);
  const colon = named.lastIndexOf(':');
  const end = colon > named.lastIndexOf('/') ? colon : named.length;
  return { repository: named.slice(0, end), suffix: image.slice(end) };
}
