import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import { withCallees } from '../../../../kube/callees.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { namedHosts, serviceMeant, settingTexts } from '../../../../kube/named-hosts.ts';
import { refusedCredential } from '../../clues/settings/refused-credential.ts';
import { staleReads } from '../../clues/settings/stale-reads.ts';
import type { StaleRead } from '../../clues/settings/stale-reads.ts';
import { restartOf } from '../../clues/settings/setting-change.ts';
import type { Trouble } from '../../clues/pods/troubled.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import type { LogLine } from '../../clues/pods/workload-logs.ts';
import { hostsComplainedOf, logEvidence, workloadLog } from '../../clues/pods/workload-logs.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const STALE_CONFIG = 'stale-config';

/** Workloads in trouble whose containers started before the configuration changed that they read once. */
export async function analyzeStaleConfig(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  const troubled = troubledWorkloads(view, severity);
  const findings: Finding[] = [];
  for (const workload of view.workloads()) {
    const trouble = troubled.get(refKey(refOf(workload)));
    const stale = trouble ? staleReads(view, workload) : [];
    if (!trouble || stale.length === 0 || rollsOut(view, workload)) continue;
    const named = namedNow(view, workload);
    const lines = (await workloadLog(context, workload)).filter(({ text }) => namesForgotten(named, text));
    const isCredential = stale.some(({ object }) => object.kind === 'Secret');
    // Another one refuses its credential: what else changed since it started does not mend that.
    if (lines.length === 0 && !isCredential && (await refusedCredential(context, workload))) continue;
    const finding = findingFor(view, workload, stale, trouble, lines);
    if (finding) findings.push(finding);
  }
  return findings;
}

/** Pods of the former template go anyway. */
function rollsOut(view: ClusterView, { kind, status, metadata }: KubeObject): boolean {
  if (kind === 'Deployment' || kind === 'StatefulSet') {
    return metadata.generation !== undefined && status?.observedGeneration !== undefined
      ? status.observedGeneration < metadata.generation
      : false;
  }
  return !view.known('Pod');
}

/** What settings say of hosts, lower case: of the workload, and of those whom it asks, whose errors it passes on. */
function namedNow(view: ClusterView, workload: KubeObject): string[] {
  return withCallees(view, [workload]).flatMap((each) =>
    settingTexts(view, each).map(({ text }) => text.toLowerCase()),
  );
}

/** A line about a host that no setting names any more. */
function namesForgotten(named: readonly string[], line: string): boolean {
  return hostsComplainedOf(line).some((host) => !named.some((text) => text.includes(host)));
}

function findingFor(
  view: ClusterView,
  workload: KubeObject,
  all: StaleRead[],
  trouble: Trouble,
  lines: LogLine[],
): Finding | null {
  const certain = all.filter(({ how }) => how !== 'file');
  const stale = certain.length > 0 ? certain : all;
  // Whole files are refreshed by the kubelet: that the program did not read them again needs to show.
  if (lines.length === 0 && (certain.length === 0 || trouble === 'maybe')) return null;
  const bad = lines.length === 0 && leadsNowhere(view, workload, stale);
  const { kind, metadata } = workload;
  const old = new Set(stale.flatMap(({ pods }) => pods));
  const changes = bad ? [] : restartOf(view, workload, (pod) => old.has(pod));
  const names = [...new Set(stale.map(({ object }) => `${object.kind} ${object.metadata.name}`))];
  const how = [
    ...new Set(
      stale.map((read) =>
        read.how === 'variable' ? 'variables' : read.how === 'subPath' ? 'a subPath mount' : 'a file',
      ),
    ),
  ];
  return makeFinding({
    rule: STALE_CONFIG,
    severity: lines.length > 0 || trouble === 'unhealthy' ? 'critical' : 'warning',
    object: workload,
    what: names.sort().join(','),
    message:
      `Pods of ${kind} ${metadata.name} still use what ${names.join(' and ')} held when they started:` +
      ` ${names.length > 1 ? 'these have' : 'it has'} changed since, and ${how.join(' and ')} ${how.length > 1 || how[0] === 'variables' ? 'are' : 'is'} read only once`,
    evidence: [...stale.slice(0, 4).flatMap(readEvidence), ...lines.slice(-3).map(logEvidence)],
    fixes:
      changes.length === 0
        ? []
        : [
            {
              changes,
              expects: `the pods of ${kind} ${metadata.name} start with what ${names.join(' and ')} says now`,
              confidence: lines.length > 0 ? 0.93 : certain.length > 0 ? 0.6 : 0.4,
            },
          ],
    unfixed: bad
      ? 'what the configuration says now names a Service that does not exist, so a restart would not help: whoever changed it can say what was meant'
      : 'its pods have no controller that would make them anew: whoever made them can',
  });
}

function readEvidence({ object, keys, how, container, pods, at, by, startedAt }: StaleRead): Evidence[] {
  const key = keys.slice(0, 3).join(', ');
  const who = by === '' ? '' : ` by ${by}`;
  const place =
    how === 'subPath' ? 'mounts it with subPath' : how === 'variable' ? 'takes it as variables' : 'mounts it';
  return [
    evidence('spec', object, `data["${keys[0] ?? ''}"]`, `${key} changed at ${timeOf(at)}${who}`),
    evidence(
      'status',
      pods[0]!,
      `status.containerStatuses[${container}].state.running.startedAt`,
      `container ${container} runs since ${timeOf(startedAt)} and ${place}`,
    ),
  ];
}

const timeOf = (at: number): string => new Date(at).toISOString();

/** The changed entries name a host that would be a Service of this cluster and is none. */
function leadsNowhere(view: ClusterView, workload: KubeObject, stale: StaleRead[]): boolean {
  if (!view.known('Service')) return false;
  return namedHosts(view).some(({ from, object, field, host, address }) => {
    if (from !== workload || !address) return false;
    if (!stale.some((read) => read.object === object && read.keys.some((key) => field === `data["${key}"]`)))
      return false;
    const meant = serviceMeant(view, host, workload.metadata.namespace);
    return (
      meant !== null &&
      view.inScope(meant.namespace) &&
      !view.find('Service', meant.namespace, meant.name) &&
      /[.:]/.test(host + (meant.qualified ? '.' : ''))
    );
  });
}

export const staleConfigRule: Analyzer = {
  rule: STALE_CONFIG,
  layer: 'configuration',
  kinds: [...PODS, 'Event', 'ConfigMap', 'Secret', 'Service', 'Namespace'],
  explains: 'Pods that still use a former value of a ConfigMap or Secret, because they read it only when they started.',
  unfixed: 'its pods have no controller that would make them anew',
  analyze: analyzeStaleConfig,
};
