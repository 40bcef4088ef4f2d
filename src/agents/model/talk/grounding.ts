import type { Evidence } from '../../../domain/finding.ts';
import type { ObjectRef } from '../../../domain/kube-object.ts';
import { refOf } from '../../../domain/kube-object.ts';
import { ClusterView } from '../../../kube/cluster-view.ts';
import { resolveResource } from '../../../kubectl/resources.ts';
import type { Case } from './case.ts';

/** An object as a model names it. */
export interface NamedObject {
  kind: string;
  name: string;
  namespace?: string | undefined;
}

/**
 * The object that is meant: read in this case, or the subject of a listed cause or of filed evidence (a Service that is
 * missing, for instance). Null: invented.
 */
export function objectNamed(one: Case, { kind, name, namespace }: NamedObject): ObjectRef | null {
  const { snapshot, target } = one.context;
  const wanted = resolveResource(kind.toLowerCase())?.kind ?? kind;
  const bare = name.includes('/') ? name.slice(name.lastIndexOf('/') + 1) : name;
  const view = new ClusterView(snapshot);
  for (const place of [namespace, target.namespace, undefined]) {
    const object = view.find(wanted, place || undefined, bare);
    if (object) return refOf(object);
  }
  const known = [
    ...one.candidates.causes.map(({ object }) => object),
    ...one.evidence.all().flatMap(({ object }) => (object ? [object] : [])),
  ];
  return known.find((object) => object.kind === wanted && object.name === bare) ?? null;
}

/** How many of the cited ids were never shown; each counts once. */
export function inventedIds(one: Case, ids: readonly string[]): number {
  return [...new Set(ids.map(bareId))].filter((id) => !one.evidence.get(id)).length;
}

/** As it is filed: models write `[e3]` and `E3`. */
function bareId(id: string): string {
  return id.replace(/[[\]\s]/g, '').toUpperCase();
}

/** The facts behind cited ids; those that were never shown are left out. */
export function citedFacts(one: Case, ids: readonly string[]): Evidence[] {
  const facts = ids.flatMap((id) => {
    const filed = one.evidence.get(bareId(id));
    return filed ? [filed] : [];
  });
  return [...new Map(facts.map((fact) => [fact.id, fact])).values()].map(({ id, ...fact }) => {
    void id;
    return fact;
  });
}
