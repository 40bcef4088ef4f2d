import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { readyPods } from '../../../../kube/cluster-view.ts';
import { containerStatuses } from '../../../../kube/image-state.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { rollbackFixes } from '../../clues/rollback.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { desiredReplicas, isLiving, isReady } from '../../../../kube/pods.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';

const CONTAINER_CRASH = 'container-crash';
const POD_UNREADY = 'pod-unready';

/** A single crash may be a dependency that was not up yet. */
const LOOPING_RESTARTS = 2;
const LOG_LINES_SHOWN = 4;
const TELLING = /error|fatal|panic|exception|fail|refused|denied|cannot|unable|no such|not found|timeout|invalid/i;

interface Broken {
  pod: KubeObject;
  status: Untyped;
}

/** Containers that start and end again and again; their last words are in the evidence. */
export async function analyzeContainerCrashes({ view, readLog }: AnalyzerContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const workload of view.workloads()) {
    const crashing = brokenContainers(view, workload, isCrashing);
    const [first] = crashing;
    if (!first) continue;
    const lines = await lastWords(readLog, first, true);
    const { fixes, reasons, unfixed } = rollbackFixes(view, workload);
    const how = howItEnded(first.status);
    findings.push(
      makeFinding({
        rule: CONTAINER_CRASH,
        severity: isServed(view, workload) ? 'warning' : 'critical',
        object: workload,
        what: names(crashing),
        message: `Container ${names(crashing)} of ${workload.kind} ${workload.metadata.name} keeps crashing (${how})`,
        evidence: [
          evidence(
            'status',
            first.pod,
            `status.containerStatuses[${first.status.name}]`,
            `${first.status.restartCount ?? 0} restarts; it ${how}`,
          ),
          ...lines,
          ...reasons,
          ...warnings(view, first.pod, /BackOff|Unhealthy|Killing/),
        ],
        fixes,
        unfixed,
      }),
    );
  }
  return findings;
}

/** Containers that run but are not ready although their probes had time enough. */
export async function analyzeUnreadyPods({ view, readLog }: AnalyzerContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const workload of view.workloads()) {
    const unready = brokenContainers(view, workload, (status, pod) => isUnready(view, status, pod));
    const [first] = unready;
    if (!first) continue;
    const lines = await lastWords(readLog, first, false);
    const { fixes, reasons, unfixed } = rollbackFixes(view, workload);
    findings.push(
      makeFinding({
        rule: POD_UNREADY,
        severity: isServed(view, workload) ? 'warning' : 'critical',
        object: workload,
        what: names(unready),
        message: `Container ${names(unready)} of ${workload.kind} ${workload.metadata.name} runs but does not become ready`,
        evidence: [...warnings(view, first.pod, /Unhealthy/), ...lines, ...reasons],
        fixes,
        unfixed,
      }),
    );
  }
  return findings;
}

function brokenContainers(
  view: ClusterView,
  workload: KubeObject,
  test: (status: Untyped, pod: KubeObject) => boolean,
): Broken[] {
  return view
    .podsOf(workload)
    .filter(isLiving)
    .flatMap((pod) =>
      containerStatuses(pod)
        .filter((status) => test(status, pod))
        .map((status) => ({ pod, status })),
    );
}

function isCrashing(status: Untyped): boolean {
  if (status?.state?.waiting?.reason === 'CrashLoopBackOff') return true;
  const ended = status?.state?.terminated ?? (status?.state?.waiting ? status?.lastState?.terminated : undefined);
  return (
    Number(status?.restartCount ?? 0) >= LOOPING_RESTARTS && ended !== undefined && Number(ended.exitCode ?? 0) !== 0
  );
}

/** The kubelet itself says that a probe failed, and longer than the probe's settings allow. */
function isUnready(view: ClusterView, status: Untyped, pod: KubeObject): boolean {
  if (isReady(pod) || status?.ready !== false || !status?.state?.running) return false;
  const event = view
    .eventsOf(pod)
    .find((each) => each.reason === 'Unhealthy' && /readiness|startup/i.test(each.message));
  if (!event) return false;
  const spec: Untyped = pod.spec?.containers?.find((each: Untyped) => each?.name === status.name);
  const probe = spec?.startupProbe ?? spec?.readinessProbe;
  if (!probe) return false;
  const patience =
    Number(probe.initialDelaySeconds ?? 0) + Number(probe.periodSeconds ?? 10) * Number(probe.failureThreshold ?? 3);
  const since = Date.parse(status.state.running.startedAt ?? '') || view.now;
  return view.now - since > patience * 1000;
}

function howItEnded(status: Untyped): string {
  const ended = status?.lastState?.terminated ?? status?.state?.terminated;
  if (!ended) return 'ended';
  if (ended.reason === 'OOMKilled') return 'was killed for using more memory than its limit';
  const reason = ended.reason && ended.reason !== 'Error' ? ` (${ended.reason})` : '';
  return `ended with exit code ${ended.exitCode ?? '?'}${reason}`;
}

function names(broken: Broken[]): string {
  return [...new Set(broken.map(({ status }) => String(status.name)))].sort().join(', ');
}

function isServed(view: ClusterView, workload: KubeObject): boolean {
  const ready = readyPods(view, workload).length;
  return ready > 0 && ready >= (desiredReplicas(workload) ?? 1);
}

function warnings(view: ClusterView, pod: KubeObject, reasons: RegExp): Evidence[] {
  return view
    .eventsOf(pod)
    .filter((event) => reasons.test(event.reason))
    .slice(0, 2)
    .map((event) => eventEvidence(event, pod));
}

/** Lines that tell of an error, else the very last ones. */
async function lastWords(
  readLog: AnalyzerContext['readLog'],
  { pod, status }: Broken,
  previous: boolean,
): Promise<Evidence[]> {
  const { namespace = '', name } = pod.metadata;
  const read = async (before: boolean): Promise<string[]> => {
    // A log that cannot be read is missing evidence, not a reason to give up the diagnosis.
    const lines = await readLog(namespace, name, String(status.name), before).catch(() => []);
    return lines.filter((line) => line.trim() !== '');
  };
  let lines = await read(previous);
  if (lines.length === 0 && previous) lines = await read(false);
  const telling = lines.filter((line) => TELLING.test(line));
  const shown = (telling.length > 0 ? telling : lines).slice(-LOG_LINES_SHOWN);
  return shown.map((line) => evidence('log', pod, `log of container ${status.name}`, untrustedLine(line)));
}

export const containerCrashRule: Analyzer = {
  rule: CONTAINER_CRASH,
  layer: 'symptom',
  kinds: [...PODS, ...REVISIONS, 'ConfigMap', 'Secret', 'Node'],
  explains: 'What a container said before it ended, again and again.',
  unfixed:
    'no earlier revision is known to have worked, and what the container says names no setting that could be changed back',
  analyze: analyzeContainerCrashes,
};

export const podUnreadyRule: Analyzer = {
  rule: POD_UNREADY,
  layer: 'symptom',
  kinds: [...PODS, ...REVISIONS, 'Event'],
  explains: 'Pods that run but do not pass their readiness probe.',
  unfixed: 'no earlier revision is known to have worked, and a failing probe does not say why it fails',
  analyze: analyzeUnreadyPods,
};
