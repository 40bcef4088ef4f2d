import type { KubeObject } from '../../domain/kube-object.ts';
import type { CommandEffect } from '../../kubectl/effect.ts';
import type { ParsedCommand } from '../../kubectl/parse.ts';
import { lastFlag } from '../../kubectl/parse.ts';
import type { Conversion, ConversionReads, ConversionScope } from './conversion.ts';
import { UNCHANGED } from './conversion.ts';
import { equalitySelector } from './label-selector.ts';
import { hasEnded, isBare, isMirror, volumesLostWith } from './pod-ownership.ts';
import { controllerOf } from '../../kube/ownership.ts';

const KNOWN = new Set([
  'context', 'ignore-daemonsets', 'timeout', 'grace-period', 'pod-selector', 'force', 'delete-emptydir-data',
  'delete-local-data', 'disable-eviction', 'skip-wait-for-delete-timeout', 'chunk-size',
]); // prettier-ignore

/**
 * A drain as what it does: first the cordon, then evictions that are named here. Pods that nobody brings back, or whose
 * data goes with them, stop it: flags that would take them all the same are never kept.
 */
export async function convertDrain(
  parsed: ParsedCommand,
  effect: CommandEffect,
  reads: ConversionReads,
  scope: ConversionScope,
): Promise<Conversion> {
  const nodes = effect.targets.flatMap(({ name }) => (name ? [name] : []));
  if (nodes.length === 0 || parsed.flags.some(({ name }) => !KNOWN.has(name))) return UNCHANGED;
  const selector = lastFlag(parsed, 'pod-selector');
  const matches = selector ? equalitySelector(selector.value) : () => true;
  if (!matches)
    return { outcome: 'refused', reason: `--pod-selector ${selector!.value} is not understood; write KEY=VALUE` };

  const onNodes = (await reads.list({ apiVersion: 'v1', kind: 'Pod' }, undefined)).filter(
    (pod) => nodes.includes(pod.spec?.nodeName) && matches(pod) && !isMirror(pod) && !pod.metadata.deletionTimestamp,
  );
  const leaving = onNodes.filter((pod) => controllerOf(pod)?.kind !== 'DaemonSet');
  const bare = leaving.filter((pod) => isBare(pod) && !hasEnded(pod));
  if (bare.length > 0) return refuse(nodes, bare, 'no controller brings them back');
  const holding = leaving.filter((pod) => !hasEnded(pod) && volumesLostWith(pod.spec).length > 0);
  if (holding.length > 0)
    return refuse(nodes, holding, 'the data in their emptyDir or ephemeral volumes would be lost');
  const writes = nodes.length + leaving.length;
  if (writes > scope.maxWrites) {
    const reason = `draining ${nodes.join(', ')} takes ${writes} writes and one transaction has ${scope.maxWrites}: drain in parts with --pod-selector=KEY=VALUE`;
    return { outcome: 'refused', reason };
  }
  const timeout = lastFlag(parsed, 'timeout')?.value;
  const context = lastFlag(parsed, 'context');
  const tail = context ? [`--context=${context.value}`] : [];
  const drain = [
    'drain',
    ...nodes,
    '--ignore-daemonsets',
    ...(selector ? [`--pod-selector=${selector.value}`] : []),
    `--timeout=${timeout && !/^0+[a-z]*$/.test(timeout) ? timeout : '120s'}`,
    ...tail,
  ];
  const commands = [['cordon', ...nodes, ...tail], ...(leaving.length > 0 ? [drain] : [])];
  const evicts =
    leaving.length === 0
      ? 'no pod has to leave'
      : `evicts ${listed(leaving)}, which start elsewhere and do not move back`;
  return { outcome: 'converted', commands, reason: `shown as what it does: ${evicts}; undo takes the cordon away` };
}

function refuse(nodes: string[], pods: KubeObject[], why: string): Conversion {
  return {
    outcome: 'refused',
    reason: `${nodes.join(', ')} must not be drained while ${listed(pods)} run there: ${why}`,
  };
}

function listed(pods: KubeObject[]): string {
  const names = pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  return names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
}
