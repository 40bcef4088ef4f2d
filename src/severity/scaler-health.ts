import type { KubeObject } from '../domain/kube-object.ts';
import { refLabel, refOf } from '../domain/kube-object.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { objectsOf } from '../domain/snapshot.ts';
import { declaredAboveMaximum } from '../kube/capped-scaler.ts';
import type { ClusterView } from '../kube/cluster-view.ts';
import { changedAt } from '../kube/managed-fields.ts';
import { condition } from '../kube/pods.ts';
import type { Health } from './health-findings.ts';
import { healthItem } from './health-findings.ts';

/**
 * Autoscalers that certainly cannot work. One at a bound (ScalingLimited) does what it was told, and a cluster that serves
 * no metrics says FailedGetResourceMetric of every one.
 */
export function scalerHealth(snapshot: ClusterSnapshot, cluster: ClusterView): Health {
  const health: Health = { items: [], progressing: [] };
  for (const scaler of objectsOf(snapshot, 'HorizontalPodAutoscaler')) {
    if (scaler.metadata.deletionTimestamp) continue;
    const said = troubleOf(scaler);
    const trouble = said ?? cap(scaler, cluster);
    if (!trouble) continue;
    const item = healthItem(refOf(scaler), trouble.what, 1, `${refLabel(refOf(scaler))} ${trouble.text}`);
    const until = said ? nextSync(scaler) : 0;
    if (until > Date.parse(snapshot.takenAt)) health.progressing.push({ ...item, until });
    else health.items.push(item);
  }
  return health;
}

/** Its controller looks at it every 15 s (--horizontal-pod-autoscaler-sync-period): what it said before a change is old. */
const SYNC_MS = 17_000;

/** When what its status says must be of its present specification, in ms since the epoch. */
function nextSync(scaler: KubeObject): number {
  const changed = changedAt(scaler, ['spec']);
  return changed ? changed.at + SYNC_MS : 0;
}

/** At its bound it does what it was told, unless as much was declared that the bound took pods away of that. */
function cap(scaler: KubeObject, cluster: ClusterView): { what: string; text: string } | null {
  const declared = declaredAboveMaximum(cluster, scaler);
  if (declared === null) return null;
  const text = `keeps ${scaler.spec?.scaleTargetRef?.name} at ${scaler.spec?.maxReplicas}, and at least ${declared} were applied`;
  return { what: 'capped', text };
}

function troubleOf(scaler: KubeObject): { what: string; text: string } | null {
  const able = condition(scaler, 'AbleToScale');
  const target = scaler.spec?.scaleTargetRef?.name ?? '';
  if (able?.status === 'False' && able.reason === 'FailedGetScale') {
    return { what: 'target-missing', text: `cannot find its target ${target}` };
  }
  if (able?.status === 'False' && able.reason === 'FailedUpdateScale') {
    return { what: 'cannot-scale', text: `cannot scale its target ${target}: ${able.message ?? ''}` };
  }
  const active = condition(scaler, 'ScalingActive');
  if (active?.status !== 'False') return null;
  if (active.reason === 'AmbiguousSelector' || active.reason === 'InvalidSelector') {
    return { what: 'selector', text: `cannot tell its pods: ${active.message ?? ''}` };
  }
  // Metrics are served then, and its own target is what is incomplete.
  return /missing request for/.test(active.message ?? '')
    ? { what: 'no-request', text: `cannot compute the use of its target: ${active.message}` }
    : null;
}
