import type { DumpChange } from '../dump/compare-dumps.ts';
import type { Item } from '../dump/dump.ts';
import { MADE_FOR } from '../operator/operator.ts';
import type { Verdict } from './row.ts';

interface NamedObject {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
}

/** One write as the product announced it before it was made. */
export interface AnnouncedWrite {
  object?: NamedObject;
  undo?: {
    class?: string;
    residue?: string[];
    needs?: string[];
    consequences?: { text?: string; object?: NamedObject; below?: string[]; back?: boolean }[];
  };
}

const ORDER: Verdict[] = ['refused', 'exact', 'consequences', 'unknown', 'losses'];

/** The worst class among writes; undefined when one of them has none, or there is no write. */
export function classOf(writes: readonly AnnouncedWrite[]): Verdict | undefined {
  const classes = writes.map(({ undo }) => ORDER.indexOf(undo?.class as Verdict));
  if (classes.length === 0 || classes.includes(-1)) return undefined;
  return ORDER[Math.max(...classes)];
}

/** Why a change was not to be expected after what was announced; "" when it was named. */
export function surprise(change: DumpChange, writes: readonly AnnouncedWrite[]): string {
  if (classOf(writes) === 'exact') return `exact, but ${change.text}`;
  const naming = writes.map((write) => namedBy(change, write));
  if (naming.includes('named')) return '';
  if (naming.includes('promised')) return `was to come back, but ${change.text}`;
  return `unnamed: ${change.text}`;
}

type Naming = 'named' | 'promised' | 'silent';

function namedBy(change: DumpChange, { object, undo }: AnnouncedWrite): Naming {
  if (!undo || undo.class === 'exact') return 'silent';
  const { item, how } = change;
  const consequences = undo.consequences ?? [];
  const residue = undo.residue ?? [];
  const about = consequences.filter((one) => points(one, change));
  if (about.length > 0) return how === 'gone' && about.every(({ back }) => back === true) ? 'promised' : 'named';
  const texts = [...residue, ...consequences.filter((one) => !one.object).map(({ text = '' }) => text)];
  if (texts.some((text) => mentions(text, item))) return 'named';
  // A Deployment counts its pods through its ReplicaSet.
  const counted = item.kind.kind === 'ReplicaSet' && / changed: \.spec\.replicas: \d+ -> \d+$/.test(change.text);
  if (counted && consequences.some((one) => one.object && isBelow(one.object, change))) return 'named';
  const own = object !== undefined && isObject(object, item);
  if (own && how === 'renewed') return texts.some((text) => /\buid\b|identity/.test(text)) ? 'named' : 'silent';
  // What comes anew below something that was named comes with it: history of a workload, the volume of a claim.
  const tops = [...consequences.flatMap((one) => one.object ?? []), ...(isHistory(change) && object ? [object] : [])];
  if (how !== 'appeared') return 'silent';
  // A pod that stands in for the one that was named brings its own claims and their volumes along.
  const standIn = object?.kind === 'Pod' && consequences.some(({ text = '' }) => /controller replaces it/.test(text));
  const below = tops.some((top) => isBelow(top, change)) || (standIn && change.above.some(isPod));
  return below ? 'named' : 'silent';
}

const isPod = ({ kind }: Item) => kind.kind === 'Pod' && kind.group === '';

/** The object itself, or, with `below`, those of the kinds that are below it. */
function points({ object, below }: { object?: NamedObject; below?: string[] }, change: DumpChange): boolean {
  if (!object) return false;
  if (!below || below.length === 0) return isObject(object, change.item);
  return below.includes(change.item.kind.kind) && isBelow(object, change);
}

const isBelow = (object: NamedObject, change: DumpChange) => change.above.some((item) => isObject(object, item));

function isObject({ apiVersion, kind, namespace = '', name }: NamedObject, item: Item): boolean {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  return kind === item.kind.kind && group === item.kind.group && name === item.name && namespace === item.namespace;
}

/** A sentence that says kind and name, such as `ConfigMap/shop/settings has a new uid`. */
function mentions(text: string, { kind: { kind }, namespace, name }: Item): boolean {
  const whole = namespace
    ? [`${kind}/${namespace}/${name}`, `${kind}/${name}`]
    : [`${kind}/${name}`, `${kind} ${name}`];
  return whole.some(
    (label) => ` ${text} `.match(new RegExp(`[^\\w-/]${label.replaceAll('.', '\\.')}[^\\w-/]`)) !== null,
  );
}

/** Entries that controllers add to the history of a workload with each new template. */
function isHistory({ item: { kind, object } }: DumpChange): boolean {
  if (!object.metadata.ownerReferences) return false;
  return kind.kind === 'ControllerRevision' || (kind.kind === 'ReplicaSet' && object.spec.replicas === 0);
}

/** True when a person accepted that nobody knows all that a write brings about, whatever else they accepted. */
export function wasUnknown(writes: readonly AnnouncedWrite[]): boolean {
  return writes.some(({ undo }) => undo?.class === 'unknown' || undo?.needs?.includes('unknown'));
}

/** What the testbed's operator made and deletes: nobody can tell what an operator does, and a person accepted that. */
export function isOperators({ item }: DumpChange): boolean {
  return item.object.metadata.labels?.[MADE_FOR] !== undefined;
}
