import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { configReferences } from '../../../../kube/config-references.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { evidence } from '../../engine/analyzer.ts';
import { SUSPECT_MS } from '../pods/suspect-time.ts';

/** Changes after an object was made; within this time its maker may still be at work, in ms. */
const MADE_MS = 1_000;

export interface ChangedConfig {
  object: KubeObject;
  /** `changed by kubectl-edit at 2031-05-06T07:00:00.000Z`. */
  how: string;
  evidence: Evidence;
}

/**
 * ConfigMaps and Secrets that a workload takes and that somebody changed lately, latest first. Whether what they hold is
 * right nobody can tell who does not read it, as is never done with Secrets: who changed them is asked.
 */
export function changedConfig(view: ClusterView, workload: KubeObject): ChangedConfig[] {
  const seen = new Set<KubeObject>();
  const changed = configReferences(podTemplateOf(workload)?.spec ?? {}).flatMap(({ kind, name, user }) => {
    const object = view.find(kind, workload.metadata.namespace, name);
    if (!object || seen.has(object)) return [];
    seen.add(object);
    const change = changedAt(object, ['data']);
    const made = Date.parse(object.metadata.creationTimestamp ?? '');
    if (!change || !(change.at > made + MADE_MS) || view.now - change.at > SUSPECT_MS) return [];
    const how = `changed${change.by === '' ? '' : ` by ${change.by}`} at ${new Date(change.at).toISOString()}`;
    const told = evidence('sibling', object, 'data', `${user} takes ${kind} ${name}, which was ${how}`);
    return [{ at: change.at, object, how, evidence: told }];
  });
  return changed.sort((a, b) => b.at - a.at).map(({ at: _, ...rest }) => rest);
}
