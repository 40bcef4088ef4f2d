import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { selectorMapMatches } from '../../../../kube/labels.ts';
import type { LabelMap } from '../../../../kube/labels.ts';
import { LAST_APPLIED_FIELD, lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import { isLiving } from '../../../../kube/pods.ts';
import { listens, portKnowledge } from '../../../../kube/port-knowledge.ts';
import { usersOf } from '../../../../kube/references-to-service.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { bare, picksOnly } from './selector-meant.ts';

/** Who keeps the slices of Services with a selector, and leaves them as they are when it is taken away. */
const KEEPER = 'endpointslice-controller.k8s.io';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';

/** A workload that a Service led to while it had a selector. */
interface Former {
  workload: KubeObject;
  selector: LabelMap;
  confidence: number;
  reason: Evidence;
}

/**
 * A Service that had a selector and has none any more: its addresses stay those of that moment, whatever becomes of the
 * pods. One that never had any leads to what somebody wrote by hand, and is left alone.
 */
export function lostSelector(view: ClusterView, rule: string, service: KubeObject): Finding[] {
  const { name } = service.metadata;
  const kept = view.slicesOf(service).filter(({ metadata }) => metadata.labels?.[MANAGED_BY] === KEEPER);
  const applied: LabelMap | undefined = lastApplied(service)?.spec?.selector;
  if (kept.length === 0 && Object.keys(applied ?? {}).length === 0) return [];
  const gone = kept.flatMap((slice) => addressesGone(view, slice));
  const users = usersOf(view, service);
  const former = formerOf(view, service, kept, applied);
  return [
    makeFinding({
      rule,
      severity: gone.length > 0 || kept.length === 0 ? 'critical' : 'warning',
      object: service,
      what: 'lost',
      message:
        `Service ${name} has lost its selector: its addresses are no longer those of its pods` +
        (former ? `; it led to ${former.workload.kind} ${former.workload.metadata.name}` : ''),
      evidence: [
        evidence('spec', service, 'spec.selector', 'the Service has no selector'),
        ...kept
          .slice(0, 1)
          .map((slice) => evidence('sibling', slice, `metadata.labels["${MANAGED_BY}"]`, `was kept by ${KEEPER}, which keeps those of Services with a selector only`)), // prettier-ignore
        ...gone.slice(0, 2),
        ...(former ? [former.reason] : []),
        ...users
          .slice(0, 2)
          .map(({ from, object, field }) =>
            evidence('sibling', object, field, `${from.kind} ${from.metadata.name} uses this Service`),
          ),
      ],
      fixes: former ? [fixFor(service, former)] : [],
      unfixed: 'no workload is known to be the one that it led to: whoever owns the Service can say',
    }),
  ];
}

/** Addresses of pods that are gone, or that now belong to another pod. */
function addressesGone(view: ClusterView, slice: KubeObject): Evidence[] {
  return listOf(slice['endpoints']).flatMap((endpoint) => {
    const { kind, name, uid } = endpoint?.targetRef ?? {};
    if (kind !== 'Pod') return [];
    const pod = view.find('Pod', slice.metadata.namespace, String(name));
    if (pod && isLiving(pod) && (uid === undefined || pod.metadata.uid === uid)) return [];
    const text = `address ${listOf(endpoint.addresses).join(', ')} was that of pod ${String(name)}, which is gone`;
    return [evidence('status', slice, 'endpoints', text)];
  });
}

/** By what was last applied, by whose pods are still among its addresses, by its name and ports. */
function formerOf(
  view: ClusterView,
  service: KubeObject,
  kept: KubeObject[],
  applied: LabelMap | undefined,
): Former | null {
  const { name, namespace } = service.metadata;
  const here = view.workloads().filter((each) => each.metadata.namespace === namespace && podTemplateOf(each));
  const byApplied = applied && here.find((each) => selectorMapMatches(applied, podTemplateOf(each)!.labels));
  if (byApplied) {
    const reason = evidence('revision', service, LAST_APPLIED_FIELD, `its selector fits ${byApplied.metadata.name}`);
    return { workload: byApplied, selector: applied, confidence: 0.92, reason };
  }
  const targets = kept.flatMap((slice) =>
    listOf(slice['endpoints']).flatMap((endpoint) => {
      const pod = view.find('Pod', namespace, String(endpoint?.targetRef?.name ?? ''));
      return pod ? [view.workloadOf(pod)] : [];
    }),
  );
  const owners = new Set(targets);
  const [target] = targets;
  const text = 'its addresses hold pods of it';
  if (target && owners.size === 1) return withOwnLabels(view, target, 0.88, text);
  const serving = here.filter((each) => {
    const knowledge = portKnowledge(podTemplateOf(each)!.spec);
    return servicePorts(service).every((port) => listens(knowledge, port.target, port.protocol) === 'yes');
  });
  const [namesake, other] = serving.filter((each) => bare(each.metadata.name) === bare(name));
  return namesake && !other
    ? withOwnLabels(view, namesake, 0.75, 'it has the name of the Service and serves its ports')
    : null;
}

function withOwnLabels(view: ClusterView, workload: KubeObject, confidence: number, text: string): Former | null {
  const selector = workload.spec?.selector?.matchLabels as LabelMap | undefined;
  if (!selector || !picksOnly(view, workload, selector)) return null;
  return { workload, selector, confidence, reason: evidence('sibling', workload, 'spec.selector', text) };
}

function fixFor(service: KubeObject, { workload, selector, confidence }: Former): FixDraft {
  const now: unknown = service.spec?.selector;
  const path = '/spec/selector';
  return {
    changes: [
      jsonPatch(service, [
        ...(now === undefined ? [] : [{ op: 'test' as const, path, value: now }]),
        { op: 'add', path, value: selector },
      ]),
    ],
    expects: `Service ${service.metadata.name} has the pods of ${workload.kind} ${workload.metadata.name} as endpoints`,
    confidence,
  };
}
