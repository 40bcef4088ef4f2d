import type { Finding, FindingSeverity } from '../../../../domain/finding.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { Severity } from '../../../../domain/severity.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { PatchOp } from '../../../../domain/change.ts';
import type { LabelMap } from '../../../../kube/labels.ts';
import { usersOf } from '../../../../kube/references-to-service.ts';
import { POD_OWNERS, workloadsMeant } from './selector-meant.ts';
import type { Meant } from './selector-meant.ts';
import { pointerToken } from '../../../../json/stable-json.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';

const SERVICE_SELECTOR = 'service-selector';

/** A changed selector sends users to other pods, so a mere resemblance is not enough. */
const ENOUGH = 0.5;

/** Services whose selector fits no pod and no workload, with the workload that was most likely meant. */
export function analyzeServiceSelectors({ view, severity }: AnalyzerContext): Finding[] {
  if (!view.known('Pod') || !POD_OWNERS.every((kind) => view.known(kind))) return [];
  return view.all('Service').flatMap((service) => {
    const selector: LabelMap = service.spec?.selector ?? {};
    if (Object.keys(selector).length === 0 || service.spec?.type === 'ExternalName') return [];
    if (service.metadata.deletionTimestamp) return [];
    if (view.podsBehind(service).length > 0 || view.workloadsBehind(service).length > 0) return [];
    return [findingFor(view, severity, service, selector)];
  });
}

function findingFor(view: ClusterView, severity: Severity, service: KubeObject, selector: LabelMap): Finding {
  const meant = workloadsMeant(view, service, selector).filter(({ score }) => score >= ENOUGH);
  const users = usersOf(view, service);
  const best = meant[0];
  const words = inWords(selector);
  return makeFinding({
    rule: SERVICE_SELECTOR,
    severity: best || users.length > 0 ? 'critical' : leftover(severity),
    object: service,
    what: 'selector',
    message:
      `Service ${service.metadata.name} selects ${words}, which no pod has` +
      (best ? `; ${best.workload.kind} ${best.workload.metadata.name} was most likely meant` : ''),
    evidence: [
      evidence('spec', service, 'spec.selector', `no pod and no pod template has ${words}`),
      ...(best?.reasons ?? []),
      ...users
        .slice(0, 3)
        .map(({ from, object, field }) =>
          evidence('sibling', object, field, `${from.kind} ${from.metadata.name} uses this Service`),
        ),
    ],
    fixes: meant.slice(0, 3).map((each) => fixFor(service, selector, each)),
  });
}

/** A Service of which nobody is known to make use is only left over, but who fails from outside may be asking it. */
function leftover(severity: Severity): FindingSeverity {
  return !severity.known || severity.items.some(({ source }) => source !== 'object') ? 'warning' : 'info';
}

function inWords(selector: LabelMap): string {
  return Object.entries(selector)
    .sort()
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}

function fixFor(service: KubeObject, selector: LabelMap, meant: Meant): FixDraft {
  const ops: PatchOp[] = [];
  const keys = [...new Set([...Object.keys(selector), ...Object.keys(meant.selector)])].sort();
  // An empty selector in between would select nothing, so what is new is added first.
  for (const key of keys.filter((each) => selector[each] === undefined)) {
    ops.push({ op: 'add', path: `/spec/selector/${pointerToken(key)}`, value: meant.selector[key] });
  }
  for (const key of keys.filter((each) => selector[each] !== undefined && selector[each] !== meant.selector[each])) {
    const path = `/spec/selector/${pointerToken(key)}`;
    ops.push({ op: 'test', path, value: selector[key] });
    ops.push(
      meant.selector[key] === undefined ? { op: 'remove', path } : { op: 'replace', path, value: meant.selector[key] },
    );
  }
  return {
    changes: [jsonPatch(service, ops)],
    expects: `Service ${service.metadata.name} has the pods of ${meant.workload.kind} ${meant.workload.metadata.name} as endpoints`,
    confidence: meant.score,
  };
}

export const serviceSelectorRule: Analyzer = {
  rule: SERVICE_SELECTOR,
  layer: 'network',
  kinds: [...PODS, ...REVISIONS, 'Service', 'ConfigMap', 'Ingress'],
  explains: 'Requests that reach no pod because the selector of a Service matches none that could serve them.',
  unfixed: 'several workloads could be meant, or none that serves',
  analyze: analyzeServiceSelectors,
};
