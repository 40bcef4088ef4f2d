import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { Denial } from '../../../../kube/rbac.ts';
import { missingIn } from '../../../../kube/rbac.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import { oneLine } from '../../../../text/plain-text.ts';
import { evidence } from '../../engine/analyzer.ts';

/** What is to be known of a ClusterRole whose rules are put together from others (kubernetes.io, "Aggregated ClusterRoles"). */
export interface Aggregation {
  /** Follows what it lacks. */
  text: string;
  evidence: Evidence[];
}

/**
 * Rules that somebody writes into an aggregated ClusterRole are taken back by its controller: what it lacks has to come from a
 * role with the labels that it gathers. Null for one that is not aggregated.
 * @param roles all that may be read
 */
export function aggregationOf(
  role: KubeObject,
  denials: readonly Denial[],
  roles: readonly KubeObject[],
): Aggregation | null {
  const selectors = listOf(role['aggregationRule']?.clusterRoleSelectors);
  const wanted = selectors.map((selector) => Object.entries((selector?.matchLabels ?? {}) as Record<string, string>));
  if (role.kind !== 'ClusterRole' || selectors.length === 0) return null;
  const words = wanted.map((labels) => labels.map(([key, value]) => `${key}=${value}`).join(',')).join(' or ');
  const isGathered = ({ metadata }: KubeObject) =>
    wanted.some((labels) => labels.length > 0 && labels.every(([key, value]) => metadata.labels?.[key] === value));
  const [able] = roles.filter(
    (one) =>
      one.kind === 'ClusterRole' &&
      one.metadata.name !== role.metadata.name &&
      !one['aggregationRule'] &&
      !isGathered(one) &&
      // Who may do everything says nothing of what was meant.
      denials.every((denial) =>
        listOf(one['rules']).some((rule) => !isAll(rule) && missingIn(rule, denial).length === 0),
      ),
  );
  const other = able
    ? `; ClusterRole ${able.metadata.name} allows it and lacks that label`
    : '; no other ClusterRole that could be meant allows it';
  return {
    text: `; it gathers its rules from ClusterRoles labelled ${oneLine(words, 100)}${other}`,
    evidence: [
      evidence(
        'spec',
        role,
        'aggregationRule',
        `it gathers the rules of ClusterRoles labelled ${oneLine(words, 200)}: what is written into it is taken back`,
      ),
      ...(able
        ? [evidence('sibling', able, 'metadata.labels', 'its rules allow what was refused; it is not gathered')]
        : []),
    ],
  };
}

function isAll(rule: unknown): boolean {
  return ['resources', 'verbs'].some((field) => listOf((rule as Record<string, unknown>)?.[field]).includes('*'));
}
