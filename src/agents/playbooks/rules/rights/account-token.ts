import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { stableJson } from '../../../../json/stable-json.ts';
import { readyPods } from '../../../../kube/cluster-view.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { podContainers } from '../../../../kube/container-trouble.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import { podState } from '../../../../kube/pod-state.ts';
import { containersOf, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { earlierRevisions } from '../../../../kube/revisions.ts';
import type { Revision } from '../../../../kube/revisions.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { logOf, workloadsToAsk } from './api-access-denied.ts';

const ACCOUNT_TOKEN = 'account-token';
const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const MISSES =
  /serviceaccount\/(token|ca\.crt|namespace)\b.*(no such file|not found|cannot open|can't open)|(no such file|cannot open|can't open).*serviceaccount\/|User \\?"system:anonymous\\?" cannot|unable to load in-cluster config|server localhost:8080 was refused/i;
const MAX_LOGS = 12;

/**
 * Programs that look for the token of their ServiceAccount where automounting it is switched off. Giving a pod a token gives
 * it rights: the finding names the field, and nothing is changed (kubernetes.io: Configure Service Accounts for Pods).
 */
export async function analyzeMissingTokens(context: AnalyzerContext): Promise<Finding[]> {
  const { view } = context;
  const without = workloadsToAsk(context).flatMap((workload) => {
    const off = switchedOff(view, workload);
    return off ? [{ workload, off }] : [];
  });
  const findings = without.slice(0, MAX_LOGS).map(async ({ workload, off: { object, field } }) => {
    const line = (await logOf(context, workload)).find(({ text }) => MISSES.test(text));
    const former = object === workload ? formerWithToken(view, workload) : null;
    if (!line && !former) return [];
    const who = changedAt(object, field.split('.'));
    const by = who?.by ? `, last changed by ${who.by} at ${new Date(who.at).toISOString()} at the latest` : '';
    return [
      makeFinding({
        rule: ACCOUNT_TOKEN,
        severity: readyPods(view, workload).length > 0 ? 'warning' : 'critical',
        object: workload,
        what: field,
        message: `${workload.kind} ${workload.metadata.name} ${line ? 'asks the API server and is' : 'no longer becomes ready since it is'} given no token, because ${field} of ${object.kind} ${object.metadata.name} is false`,
        evidence: [
          ...(line ? [evidence('log', line.pod, `log of container ${line.container}`, untrustedLine(line.text))] : []),
          evidence('spec', object, field, `${field} is false${by}`),
          ...(former
            ? [evidence('revision', former.source, field, `revision ${former.number} was given a token`)]
            : []),
        ],
        unfixed: `a token gives rights, which are never given here: whoever owns ${object.kind} ${object.metadata.name} decides whether ${field} becomes true again`,
        beyond: true,
      }),
    ];
  });
  return (await Promise.all(findings)).flat();
}

/**
 * The revision before, whose pods had a token and worked, where those of the present one do not: without a log that tells,
 * that is what is different.
 */
function formerWithToken(view: ClusterView, workload: KubeObject): Revision | null {
  const present = podContainers(view, workload).map(({ pod }) => podState(pod, view.now).phase);
  if (!present.some((phase) => phase === 'stuck' || phase === 'unready')) return null;
  const besides = (spec: Untyped): string => stableJson({ ...spec, automountServiceAccountToken: null });
  const now = besides(podTemplateOf(workload)?.spec);
  const former = earlierRevisions(view, workload).find(
    ({ template: { spec } }) => spec?.automountServiceAccountToken !== false && besides(spec) === now,
  );
  return former ?? null;
}

/** The field that keeps the token away: that of the pods wins over that of their ServiceAccount. */
function switchedOff(view: ClusterView, workload: KubeObject): { object: KubeObject; field: string } | null {
  const template = podTemplateOf(workload);
  if (!template) return null;
  const mounts = containersOf(template.spec).some(({ spec }) =>
    ((spec?.volumeMounts ?? []) as { mountPath?: string }[]).some(({ mountPath }) => mountPath?.startsWith(MOUNT)),
  );
  if (mounts) return null;
  const own: unknown = template.spec?.automountServiceAccountToken;
  if (own === false) return { object: workload, field: `${template.field}.automountServiceAccountToken` };
  const account = view.find(
    'ServiceAccount',
    workload.metadata.namespace,
    template.spec?.serviceAccountName ?? 'default',
  );
  const off = own === undefined && account?.['automountServiceAccountToken'] === false;
  return off ? { object: account, field: 'automountServiceAccountToken' } : null;
}

export const accountTokenRule: Analyzer = {
  rule: ACCOUNT_TOKEN,
  layer: 'configuration',
  kinds: [...PODS, ...REVISIONS, 'ServiceAccount'],
  explains: 'Programs that cannot ask the API server because their pods are given no token.',
  unfixed: 'a token gives rights, which are never given here',
  analyze: analyzeMissingTokens,
};
