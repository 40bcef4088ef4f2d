import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { refTo } from '../../../../kube/cluster-view.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import type { Side } from '../../../../kube/pod-resources.ts';
import { completedResources } from '../../../../kube/pod-resources.ts';
import { hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Demand, ResourceRules } from '../../../../kube/resource-rules.ts';
import {
  appliesTo,
  demandsOf,
  hardOf,
  leftIn,
  resourceProblem,
  resourceRules,
} from '../../../../kube/resource-rules.ts';
import { spelledQuantity } from '../../../../text/quantity.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { FittingAmount } from './fitting-amounts.ts';
import { fittingAmounts } from './fitting-amounts.ts';
import type { Refused } from './refused.ts';
import { cannotMakePods, immutableReason, refusalEvidence, refusedBy, severityOf, wantedPods } from './refused.ts';
import { formerResourceFixes, resourceFix, withResources } from './resource-change.ts';

const QUOTA_DEMANDS = 'quota-demands-resources';

/** A quota of a compute resource lets no pod in that does not say how much of it each container takes. */
export function analyzeQuotaDemands({ view }: AnalyzerContext): Finding[] {
  return refusedBy(view, 'quotaDemands').map((refused) => findingFor(view, refused));
}

function findingFor(view: ClusterView, refused: Refused): Finding {
  const { workload, match } = refused;
  const name = match[1]!;
  const { namespace } = workload.metadata;
  const rules = resourceRules(view, namespace);
  const quota = view.find('ResourceQuota', namespace, name);
  const template = podTemplateOf(workload);
  const demands = template && quota ? lacking(template.spec, quota, rules) : [];
  const words = demands.length > 0 ? inWords(demands) : match[2]!;
  const former = formerResourceFixes(view, workload, rules, wantedPods(workload));
  const derived = quota && hasMutableTemplate(workload) ? fitting(view, workload, demands, quota, rules) : null;
  const fixes = hasMutableTemplate(workload) ? former.fixes : [];
  if (derived) {
    const known = derived.every((amount) => amount.known);
    fixes.push(resourceFix(view, workload, derived, known ? 0.75 : 0.65));
  }
  return makeFinding({
    rule: QUOTA_DEMANDS,
    severity: severityOf(view, workload),
    object: workload,
    what: name,
    message: `${cannotMakePods(view, workload)}: ResourceQuota ${name} demands that every container sets ${words}`,
    evidence: [
      refusalEvidence(refused),
      ...demands.map(({ container, side, resource }) => {
        const field = `${template!.field}.${container.place}.resources.${side}.${resource}`;
        return evidence('spec', workload, field, `container ${container.name} sets no ${side}.${resource}`);
      }),
      quota
        ? evidence('sibling', quota, 'status', `quota ${name} leaves ${leftInWords(quota)}`)
        : evidence('sibling', refTo('ResourceQuota', 'v1', namespace, name), null, `quota ${name} could not be read`),
      ...(derived ?? []).map(({ container, side, resource, amount, how }) => {
        const text = `${side}.${resource} ${spelledQuantity(amount, resource)} for container ${container.name}: ${how}`;
        return evidence('sibling', quota!, null, text);
      }),
      ...former.parts.map((part) => part.evidence),
    ],
    fixes,
    unfixed:
      immutableReason(workload) ??
      'what the quota leaves is too little for its pods, or not known: who gives out the quota decides',
  });
}

/** What all quotas demand that would apply to the pods, so that mending one does not run into the next. */
function lacking(podSpec: KubeObject['spec'], quota: KubeObject, rules: ResourceRules): Demand[] {
  const containers = completedResources(podSpec, rules.ranges);
  const all = rules.quotas
    .filter((each) => each === quota || appliesTo(each, podSpec, containers))
    .flatMap((each) => demandsOf(each, containers));
  const key = ({ container, side, resource }: Demand) => `${container.pointer} ${side} ${resource}`;
  return [...new Map(all.map((demand) => [key(demand), demand])).values()];
}

function fitting(
  view: ClusterView,
  workload: KubeObject,
  demands: readonly Demand[],
  quota: KubeObject,
  rules: ResourceRules,
): FittingAmount[] | null {
  if (demands.length === 0) return null;
  const amounts = fittingAmounts(view, workload, demands, quota, rules);
  const podSpec = amounts && withResources(podTemplateOf(workload)!.spec, amounts);
  return amounts && resourceProblem(podSpec, rules, wantedPods(workload)) === null ? amounts : null;
}

function inWords(demands: readonly Demand[]): string {
  const text = (side: Side, resource: string) => `${side}.${resource}`;
  return [...new Set(demands.map(({ side, resource }) => text(side, resource)))].sort().join(', ');
}

function leftInWords(quota: KubeObject): string {
  const [hard, left] = [hardOf(quota), leftIn(quota)];
  const parts = Object.keys(hard).map(
    (name) => `${spelledQuantity(left[name]!, name)} of ${spelledQuantity(hard[name]!, name)} ${name}`,
  );
  return parts.join(', ');
}

export const quotaDemandsRule: Analyzer = {
  rule: QUOTA_DEMANDS,
  layer: 'configuration',
  kinds: [...PODS, ...REVISIONS, 'Event', 'ResourceQuota', 'LimitRange'],
  explains:
    'Pods that a resource quota keeps out because their containers set no requests or limits for what it counts.',
  unfixed: 'who gives out the quota decides how much the containers may take',
  analyze: analyzeQuotaDemands,
};
