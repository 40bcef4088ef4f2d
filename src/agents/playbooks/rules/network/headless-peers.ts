import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { isServed } from '../../../../kube/container-trouble.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { serviceMeant } from '../../../../kube/named-hosts.ts';
import { LAST_APPLIED_FIELD, lastApplied } from '../../../../kube/pod-template.ts';
import { isLiving, isReady } from '../../../../kube/pods.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import { hostsComplainedOf, isUnresolved, logEvidence, workloadLog } from '../../clues/pods/workload-logs.ts';
import type { LogLine } from '../../clues/pods/workload-logs.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';

const HEADLESS_PEERS = 'headless-peers';

/**
 * Peers that have to find each other before any of them is ready, by the names of a headless Service which has no address of
 * a pod that is not ready (kubernetes.io: Service, publishNotReadyAddresses).
 */
export async function analyzeHeadlessPeers(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  if (!view.known('Service') || !view.known('Pod')) return [];
  const troubled = troubledWorkloads(view, severity);
  const findings: Finding[] = [];
  for (const service of view.all('Service')) {
    if (!hidesUnready(service)) continue;
    for (const workload of view.workloadsBehind(service)) {
      if (troubled.get(refKey(refOf(workload))) !== 'unhealthy') continue;
      if (!view.podsOf(workload).some((pod) => isLiving(pod) && !isReady(pod))) continue;
      const lines = (await workloadLog(context, workload)).filter(
        ({ text }) => misses(view, service, text) || awaits(view, service, workload, text),
      );
      if (lines.length > 0) findings.push(findingFor(view, service, workload, lines));
    }
  }
  return findings;
}

function hidesUnready({ spec, metadata }: KubeObject): boolean {
  return (
    spec?.clusterIP === 'None' &&
    spec.publishNotReadyAddresses !== true &&
    Object.keys((spec.selector ?? {}) as object).length > 0 &&
    !metadata.deletionTimestamp
  );
}

/** The line says that a name of this Service could not be resolved. */
function misses(view: ClusterView, { metadata }: KubeObject, text: string): boolean {
  return (
    isUnresolved(text) &&
    hostsComplainedOf(text).some((host) => {
      const meant = serviceMeant(view, host, metadata.namespace);
      return meant?.name === metadata.name && meant.namespace === metadata.namespace;
    })
  );
}

const AWAITS =
  /\b(?:wait(?:s|ing)?|retry(?:ing)?|try(?:ing)? again|not (?:yet )?(?:there|found|reachable|known)|unreachable)\b/i;

/** The line says that it waits for a pod of this very workload by the name that the Service would give it. */
function awaits(view: ClusterView, { metadata }: KubeObject, workload: KubeObject, text: string): boolean {
  return (
    AWAITS.test(text) &&
    view.podsOf(workload).some((pod) => wordsOf(text).some((word) => isNameOf(word, pod.metadata.name, metadata.name)))
  );
}

const wordsOf = (text: string): string[] => text.split(/[^\w.-]+/);

/** `zk-1.zk`, `zk-1.zk.shop.svc…` */
const isNameOf = (word: string, pod: string, service: string): boolean =>
  word === `${pod}.${service}` || word.startsWith(`${pod}.${service}.`);

function findingFor(view: ClusterView, service: KubeObject, workload: KubeObject, lines: LogLine[]): Finding {
  const { name } = service.metadata;
  const applied = lastApplied(service)?.spec?.publishNotReadyAddresses === true;
  const path = '/spec/publishNotReadyAddresses';
  const now: unknown = service.spec?.publishNotReadyAddresses;
  return makeFinding({
    rule: HEADLESS_PEERS,
    severity: isServed(view, workload) ? 'warning' : 'critical',
    object: service,
    what: workload.metadata.name,
    message:
      `Pods of ${workload.kind} ${workload.metadata.name} look for each other by headless Service ${name}, ` +
      'which has no names for pods that are not ready yet',
    evidence: [
      evidence('spec', service, 'spec.publishNotReadyAddresses', 'publishNotReadyAddresses is not set'),
      ...lines.slice(-2).map(logEvidence),
      ...(applied
        ? [evidence('revision', service, LAST_APPLIED_FIELD, 'the configuration last applied sets it to true')]
        : []),
    ],
    fixes: [
      {
        changes: [
          jsonPatch(service, [
            ...(now === undefined ? [] : [{ op: 'test' as const, path, value: now }]),
            { op: 'add', path, value: true },
          ]),
        ],
        expects: `pods of ${workload.kind} ${workload.metadata.name} find each other by the names of Service ${name}`,
        confidence: applied ? 0.93 : 0.75,
      },
    ],
  });
}

export const headlessPeersRule: Analyzer = {
  rule: HEADLESS_PEERS,
  layer: 'network',
  kinds: [...PODS, 'Event', 'Service', 'ConfigMap', 'Namespace'],
  explains: 'Peers that wait for each other, because their headless Service names only pods that are ready.',
  unfixed: 'the Service is not known to be theirs',
  analyze: analyzeHeadlessPeers,
};
