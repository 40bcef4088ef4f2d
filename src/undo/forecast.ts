import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { refLabel } from '../domain/kube-object.ts';
import type { UndoForecast } from '../domain/transaction.ts';
import type { Effect } from './consequences/effect.ts';
import { forecastOf, oneWay } from './consequences/effect.ts';
import type { ClusterFacts } from './consequences/facts.ts';
import { effectsOfCreate } from './consequences/on-create.ts';
import { effectsOfDelete } from './consequences/on-delete.ts';
import { effectsOfPodRemoval } from './consequences/on-pod-removal.ts';
import { effectsOfUpdate } from './consequences/on-update.ts';

export type WriteVerb = 'create' | 'update' | 'delete' | 'evict';

export interface ForecastInput {
  verb: WriteVerb;
  ref: ObjectRef;
  before: KubeObject | null;
  /** What the server says it will be (dry-run); null for deletions. */
  after: KubeObject | null;
  /** The object was created by this very transaction: deleting it again leaves nothing to restore. */
  createdHere: boolean;
  /** Its API group is one that the API server itself brings; everything else is a custom resource. */
  builtIn: boolean;
  /** A custom resource without a status subresource: whoever writes the object writes its status too. */
  statusIsContent?: boolean;
  /** Of a deletion: `Foreground`, `Background` or `Orphan`. */
  propagation?: string;
  /** Of a deletion or eviction: grace period 0 asked for. */
  force?: boolean;
  /** An autoscaler that targets the object. */
  autoscaler?: ObjectRef;
  /** What an object was before the first write of this transaction to it; undefined where there was none. */
  formerly?(ref: ObjectRef): Promise<KubeObject | null | undefined>;
}

/**
 * What undoing this one write will be able to restore, before it runs. Keyed by verb and resource, never by command
 * text. `exact` only where every changed field is known to be reversible: what no table or evaluator knows is `unknown`.
 */
export async function forecastUndo(input: ForecastInput, facts: ClusterFacts): Promise<UndoForecast> {
  const { before, after, autoscaler } = input;
  const forecast = forecastOf(await effectsOf(input, facts), inverseOf(input));
  const warnings = ownerWarnings(before ?? after, autoscaler);
  return warnings.length > 0 ? { ...forecast, warnings } : forecast;
}

async function effectsOf(input: ForecastInput, facts: ClusterFacts): Promise<Effect[]> {
  const { verb, ref, before, after } = input;
  if (verb === 'create') {
    return after ? effectsOfCreate(input, after, facts) : [oneWay('what would be created is not known')];
  }
  if (!before) return [oneWay(`${refLabel(ref)} could not be read before the write`)];
  if (verb === 'update') {
    return after ? effectsOfUpdate(input, before, after, facts) : [oneWay('the result of the change is not known')];
  }
  return verb === 'evict' ? effectsOfPodRemoval(input, before, facts) : effectsOfDelete(input, before, facts);
}

function inverseOf({ verb, ref, before, createdHere }: ForecastInput): string {
  if (verb === 'create') return `delete the created ${refLabel(ref)}`;
  if (verb === 'update') return `put ${refLabel(ref)} back as it was`;
  if (createdHere) return 'nothing: it was created by this transaction';
  const controlled = before?.metadata.ownerReferences?.some(({ controller }) => controller);
  return controlled ? 'none needed: its controller replaces it' : `create ${refLabel(ref)} again`;
}

/** Who else will act on the object: said, never decided upon. */
export function ownerWarnings(object: KubeObject | null, autoscaler?: ObjectRef): string[] {
  if (!object) return [];
  const warnings: string[] = [];
  const labels = object.metadata.labels ?? {};
  const annotations = object.metadata.annotations ?? {};
  const argo = annotations['argocd.argoproj.io/tracking-id'] ?? labels['argocd.argoproj.io/instance'];
  if (argo) warnings.push(`Argo CD (${bounded(argo)}) manages it and may write its own version back`);
  const flux = labels['kustomize.toolkit.fluxcd.io/name'] ?? labels['helm.toolkit.fluxcd.io/name'];
  if (flux) warnings.push(`Flux (${bounded(flux)}) manages it and may write its own version back`);
  const release = annotations['meta.helm.sh/release-name'];
  if (release) warnings.push(`Helm release ${bounded(release)} owns it: the next upgrade may undo this change`);
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller);
  if (owner) warnings.push(`${owner.kind} ${bounded(owner.name)} controls it and may write its own version back`);
  if (autoscaler) warnings.push(`${refLabel(autoscaler)} sets its number of replicas`);
  return warnings;
}

function bounded(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 80);
}
