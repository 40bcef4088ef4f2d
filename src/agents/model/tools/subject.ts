import * as z from 'zod';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../domain/kube-object.ts';
import type { ClusterSnapshot } from '../../../domain/snapshot.ts';
import { ClusterView } from '../../../kube/cluster-view.ts';
import { didYouMean } from '../../../text/edit-distance.ts';
import { oneLine } from '../../../text/plain-text.ts';
import type { ReadableKind } from './kinds.ts';
import { readableKind } from './kinds.ts';
import type { ToolDesk } from './tool.ts';

export const NAMESPACE = z.string().max(63).optional().describe("Default: the incident's namespace.");
export const KIND = z.string().max(80).describe('Kind, as in Deployment, Service, PersistentVolumeClaim.');
export const NAME = z.string().min(1).max(253).describe('Name of the object.');
/** Which object a tool is asked about. */
export const SUBJECT = z.object({ kind: KIND, name: NAME, namespace: NAMESPACE });
export type SubjectArgs = z.infer<typeof SUBJECT>;

const views = new WeakMap<ClusterSnapshot, ClusterView>();

/** Look-ups over the desk's snapshot, made once. */
export function viewOf({ snapshot }: ToolDesk): ClusterView {
  let view = views.get(snapshot);
  if (!view) views.set(snapshot, (view = new ClusterView(snapshot)));
  return view;
}

export function namespaceOf(desk: ToolDesk, { namespaced }: ReadableKind, namespace?: string): string | undefined {
  return namespaced ? namespace || desk.target.namespace : undefined;
}

/**
 * The object of the snapshot, by which everything else in it can be looked up.
 * @throws Error that names what is there instead
 */
export function objectInScope(desk: ToolDesk, { kind, name, namespace }: SubjectArgs): KubeObject {
  const { kind: exact, ...rest } = readableKind(kind);
  const view = viewOf(desk);
  const place = namespaceOf(desk, { kind: exact, ...rest }, namespace);
  const found = view.find(exact, place, plainName(name));
  if (found) return found;
  if (!view.known(exact))
    throw new Error(
      `unknown: ${exact} could not be read: ${oneLine(desk.snapshot.unreadable[exact] ?? 'not looked at', 200)}`,
    );
  if (place !== undefined && !view.inScope(place))
    throw new Error(
      `namespace ${oneLine(place, 63)} is out of scope; in scope: ${desk.snapshot.namespaces.join(', ')}`,
    );
  throw new Error(notThere(view, exact, place, name));
}

/**
 * The object as it is now; one that is gone, as the snapshot has it, with a note that says so.
 * @throws Error that names what is there instead, or why it could not be read
 */
export async function objectNow(desk: ToolDesk, args: SubjectArgs): Promise<{ object: KubeObject; note: string }> {
  const kind = readableKind(args.kind);
  const namespace = namespaceOf(desk, kind, args.namespace);
  const name = plainName(args.name);
  const view = viewOf(desk);
  const known = view.find(kind.kind, namespace, name);
  const now = await desk.reads.get({
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    ...(namespace ? { namespace } : {}),
    name,
  });
  if (now) return { object: { ...now, apiVersion: kind.apiVersion, kind: kind.kind } as KubeObject, note: '' };
  if (known) return { object: known, note: `It is gone now; this is how it was at ${desk.snapshot.takenAt}.` };
  throw new Error(notThere(view, kind.kind, namespace, name));
}

/** The snapshot's object of the same identity, which everything in it refers to; else the object itself. */
export function asInScope(desk: ToolDesk, object: KubeObject): KubeObject {
  const known = viewOf(desk).find(object.kind, object.metadata.namespace, object.metadata.name);
  return known && refKey(refOf(known)) === refKey(refOf(object)) ? known : object;
}

/** `deployment/geo` and `shop/geo` are `geo`. */
export function plainName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

const NAMED = 20;

function notThere(view: ClusterView, kind: string, namespace: string | undefined, name: string): string {
  const names = view.all(kind, namespace).map(({ metadata }) => metadata.name);
  const short = plainName(name);
  const near =
    didYouMean(short, names) ||
    didYouMean(
      short,
      names.map((each) => each.split('-')[0]!),
    );
  const others =
    names.length === 0
      ? `there is no ${kind}`
      : `there are ${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ' …' : ''}`;
  const homes = view.all(kind).filter(({ metadata }) => metadata.name === short && metadata.namespace !== namespace);
  const elsewhere = homes.length > 0 ? `; one of that name is in namespace ${homes[0]!.metadata.namespace ?? ''}` : '';
  return oneLine(
    `there is no ${kind} '${short}'${namespace ? ` in namespace ${namespace}` : ''}${near}${elsewhere}; ${others}`,
    1_000,
  );
}
