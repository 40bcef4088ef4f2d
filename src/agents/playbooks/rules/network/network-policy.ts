import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { lastChange } from '../../../../kube/managed-fields.ts';
import { cutting } from '../../../../kube/network-policy.ts';
import type { Trouble } from '../../clues/pods/troubled.ts';
import type { Cut } from '../../clues/services/policy-cuts.ts';
import { cutsOf } from '../../clues/services/policy-cuts.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import type { LogLine } from '../../clues/pods/workload-logs.ts';
import { complaintAbout, isUnresolved, logEvidence, workloadLog } from '../../clues/pods/workload-logs.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import { isNews, policyFixes } from '../../clues/services/policy-fixes.ts';

const NETWORK_POLICY = 'network-policy';

/** Network policies that cut a connection which settings say is needed, or the way to the cluster's DNS. */
export async function analyzeNetworkPolicies(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  const policies = view.all('NetworkPolicy').filter(({ metadata }) => !metadata.deletionTimestamp);
  if (policies.length === 0) return [];
  const troubled = troubledWorkloads(view, severity);
  const byPolicy = new Map<KubeObject, Cut[]>();
  for (const cut of cutsOf(context.view, policies)) {
    const guilty = newest(cutting(policies, cut.edge, cut.direction));
    if (guilty) byPolicy.set(guilty, [...(byPolicy.get(guilty) ?? []), cut]);
  }
  const findings: Finding[] = [];
  for (const [policy, cuts] of byPolicy) {
    const finding = await findingFor(context, policy, cuts, troubled);
    if (finding) findings.push(finding);
  }
  return findings;
}

/** All of them cut it, and to mend one is enough: the one that changed last is what is new. */
function newest(policies: KubeObject[]): KubeObject | undefined {
  return [...policies].sort((a, b) => (lastChange(b)?.at ?? 0) - (lastChange(a)?.at ?? 0))[0];
}

async function findingFor(
  context: AnalyzerContext,
  policy: KubeObject,
  cuts: Cut[],
  troubled: Map<string, Trouble>,
): Promise<Finding | null> {
  const { view } = context;
  const callers = [...new Set(cuts.map(({ caller }) => caller))];
  const ill = callers.filter((caller) => troubled.has(refKey(refOf(caller))));
  const lines: LogLine[] = [];
  for (const caller of ill.slice(0, 3)) {
    const own = cuts.filter((cut) => cut.caller === caller);
    const log = await workloadLog(context, caller);
    lines.push(...log.filter(({ text }) => own.some((cut) => speaksOf(text, cut))));
  }
  if (lines.length === 0 && cuts.every(({ outside }) => outside)) return null;
  const levels = new Set(ill.map((caller) => troubled.get(refKey(refOf(caller)))));
  const sure = lines.length > 0 && (levels.has('unhealthy') || levels.has('asked') || levels.has('maybe'));
  // Programs that worked before it came may not work now, whatever their pods say.
  const suspect = deniesAll(policy, cuts) || isNews(view, policy, cuts);
  const severity = sure || levels.has('unhealthy') ? 'critical' : ill.length > 0 || suspect ? 'warning' : 'info';
  const change = lastChange(policy);
  const { name } = policy.metadata;
  const ways = [...new Set(cuts.map((cut) => inWords(cut)))];
  const more = ways.length > 2 ? ` and ${ways.length - 2} more` : '';
  return makeFinding({
    rule: NETWORK_POLICY,
    severity,
    object: policy,
    what: 'cuts',
    message: `NetworkPolicy ${name} does not let ${ways.slice(0, 2).join(' and ')}${more} through`,
    evidence: [
      ...cuts.slice(0, 3).map(({ direction, edge }) => {
        const rules = (policy.spec?.[direction] ?? []) as unknown[];
        const text = `selects the ${direction === 'ingress' ? 'callee' : 'caller'}; none of its ${rules.length} ${direction} rules allows port ${edge.port}/${edge.protocol} of the other end`;
        return evidence('spec', policy, `spec.${direction}`, text);
      }),
      ...cuts
        .flatMap(({ call }) => (call ? [call.reference] : []))
        .slice(0, 3)
        .map(({ object, field, host }) => evidence('sibling', object, field, `names ${host}`)),
      ...(change
        ? [
            evidence(
              'spec',
              policy,
              'metadata.managedFields',
              `last changed at ${new Date(change.at).toISOString()}${change.by ? ` by ${change.by}` : ''}`,
            ),
          ]
        : []),
      ...lines.slice(-3).map(logEvidence),
    ],
    fixes: ill.length === 0 ? [] : policyFixes(view, policy, cuts, sure),
    unfixed:
      ill.length === 0
        ? `nobody is known to suffer from it, so that it may be meant: whoever wrote the policy${change?.by ? ` (${change.by})` : ''} can say, and add exactly these connections`
        : 'the policy selects pods by what nothing here can tell apart: whoever wrote it can add the peer',
  });
}

/** Lets nothing through to or from any pod of the namespace: whatever is called there ends as soon as it is enforced. */
function deniesAll({ spec }: KubeObject, cuts: Cut[]): boolean {
  const { matchLabels = {}, matchExpressions = [] } = spec?.podSelector ?? {};
  const every = Object.keys(matchLabels as object).length === 0 && (matchExpressions as unknown[]).length === 0;
  return every && cuts.some(({ direction }) => ((spec?.[direction] ?? []) as unknown[]).length === 0);
}

function speaksOf(text: string, { call }: Cut): boolean {
  return call ? complaintAbout(text, call.reference.host) !== null : isUnresolved(text) || UNHEARD.test(text);
}

/** A question to the DNS that nobody answered. */
const UNHEARD = /\blookup \S+ on \S+:53\b|->\S+:53: |resolving timed out|no servers could be reached|EAI_AGAIN/i;

function inWords({ caller, callee, edge }: Cut): string {
  return `${caller.kind} ${caller.metadata.name} → ${callee} port ${edge.port}`;
}

export const networkPolicyRule: Analyzer = {
  rule: NETWORK_POLICY,
  layer: 'network',
  kinds: [...PODS, 'Event', 'Service', 'ConfigMap', 'Namespace', 'NetworkPolicy'],
  explains: 'Connections that callers need and that a NetworkPolicy does not let through.',
  unfixed: 'whoever wrote the policy can say which connections it should allow',
  analyze: analyzeNetworkPolicies,
};
