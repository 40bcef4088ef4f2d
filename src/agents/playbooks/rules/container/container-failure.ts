import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import {
  isCrashing,
  isOfPresentTemplate,
  isServed,
  isUnready,
  lastEnd,
  podContainers,
} from '../../../../kube/container-trouble.ts';
import type { PodContainer } from '../../../../kube/container-trouble.ts';
import { containerStatuses } from '../../../../kube/image-state.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { isLiving } from '../../../../kube/pods.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { peerBudgetMs, podState } from '../../../../kube/pod-state.ts';
import { changedConfig } from '../../clues/settings/changed-config.ts';
import { lateJob } from '../../clues/jobs/late-job.ts';
import { lateDependency } from '../../clues/pods/late-dependency.ts';
import { comesBackAnew, replaceStuckPods, waitsForBrokenPods } from '../../clues/pods/stuck-pods.ts';
import { changesSince } from './changes-since.ts';
import { lastWords, logLines } from './logs.ts';
import { notOfTheTemplate, suspectWords } from './suspected-config.ts';

const CONTAINER_CRASH = 'container-crash';
const POD_UNREADY = 'pod-unready';
const INIT_HANGS = 'init-hangs';

/** Containers that start and end again and again; their last words are in the evidence. */
export async function analyzeContainerCrashes(context: AnalyzerContext): Promise<Finding[]> {
  const { view } = context;
  const ended = await findingsFor(context, {
    rule: CONTAINER_CRASH,
    test: (at, workload) => isCrashing(at.status, view.now) || isFailingInit(view, workload, at),
    previous: true,
    events: /BackOff|Unhealthy|Killing|Failed/,
    says: (names, label, { status, own }) =>
      own?.init && !own.sidecar
        ? `Init container ${names} of ${label} fails (${howItEnded(status)}), so that the containers after it never start`
        : `Container ${names} of ${label} keeps crashing (${howItEnded(status)})`,
    facts: ({ pod, status, own }) => [
      evidence(
        'status',
        pod,
        `status.${own?.init ? 'initContainerStatuses' : 'containerStatuses'}[${status.name}]`,
        `${status.restartCount ?? 0} restarts; it ${howItEnded(status)}`,
      ),
    ],
  });
  return [...ended, ...view.workloads().flatMap((workload) => stuckPods(view, workload))];
}

/** Containers that run but are not ready although their probes had time enough. */
export function analyzeUnreadyPods(context: AnalyzerContext): Promise<Finding[]> {
  return findingsFor(context, {
    rule: POD_UNREADY,
    test: (at) => isUnready(context.view, at),
    previous: false,
    events: /Unhealthy/,
    says: (names, label) => `Container ${names} of ${label} runs but does not become ready`,
    facts: () => [],
  });
}

/** Init containers that do not come to an end although the pod had its time to start. */
export function analyzeHangingInits(context: AnalyzerContext): Promise<Finding[]> {
  const { view } = context;
  return findingsFor(context, {
    rule: INIT_HANGS,
    test: ({ pod, status, own }) =>
      own?.init === true &&
      !own.sidecar &&
      status?.state?.running !== undefined &&
      podState(pod, view.now, peerBudgetMs(view.podsOf(view.workloadOf(pod)))).phase !== 'starting',
    previous: false,
    events: /Unhealthy|Failed/,
    says: (names, label, { status }) => {
      const since = Math.round((view.now - Date.parse(status.state.running.startedAt ?? '')) / 1000);
      return `Init container ${names} of ${label} does not end${Number.isNaN(since) ? '' : ` (it has run for ${since} s)`}, so that the containers after it never start`;
    },
    facts: ({ pod, status }) => [
      evidence(
        'status',
        pod,
        `status.initContainerStatuses[${status.name}]`,
        `it runs since ${status.state.running.startedAt ?? '?'}; the pod is ${pod.status?.phase ?? 'not ready'}`,
      ),
    ],
  });
}

interface Symptom {
  rule: string;
  test: (at: PodContainer, workload: KubeObject) => boolean;
  /** The log of the run before tells more. */
  previous: boolean;
  events: RegExp;
  says: (names: string, label: string, first: PodContainer) => string;
  facts: (first: PodContainer) => Evidence[];
}

async function findingsFor({ view, readLog }: AnalyzerContext, symptom: Symptom): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const workload of view.workloads()) {
    const broken = podContainers(view, workload).filter((at) => symptom.test(at, workload));
    const [first] = broken;
    if (!first) continue;
    const lines = await logLines(readLog, first, symptom.previous);
    const { fixes, reasons, words, unfixed } = first.own
      ? changesSince(view, workload, first.own, lines)
      : {
          fixes: [],
          reasons: [],
          words: [],
          unfixed: `container ${first.status.name} is not in the template: what puts it into the pods is to be asked`,
        };
    const isPresentRun = !symptom.previous && first.status?.state?.running !== undefined;
    const dependency = lateDependency(view, workload, isPresentRun ? lines : []);
    const late = dependency.fixes.length > 0 ? dependency : lateJob(view, workload);
    const suspects = fixes.length + late.fixes.length > 0 ? [] : changedConfig(view, workload);
    const quoted = lastWords(lines, first);
    const symptoms = symptom.says(names(broken), `${workload.kind} ${workload.metadata.name}`, first);
    const said = `${symptoms}${suspectWords(suspects, quoted)}`;
    findings.push(
      makeFinding({
        rule: symptom.rule,
        severity: isServed(view, workload) ? 'warning' : 'critical',
        object: workload,
        what: names(broken),
        message: words.length > 0 ? `${said}; an earlier state of the template differs in ${words.join(', ')}` : said,
        evidence: [
          ...symptom.facts(first),
          ...quoted,
          ...reasons,
          ...late.reasons,
          ...suspects.slice(0, 2).map((each) => each.evidence),
          ...warnings(view, first.pod, symptom.events),
        ],
        fixes: [...fixes, ...late.fixes],
        unfixed: unfixed ?? notOfTheTemplate(view, workload, suspects),
      }),
    );
  }
  return findings;
}

/**
 * One that is to come to its end and failed: again, or once while pods of the former template do what they did, so that
 * the new one is what is different.
 */
function isFailingInit(view: ClusterView, workload: KubeObject, { status, own }: PodContainer): boolean {
  if (own?.init !== true || own.sidecar || status?.ready === true) return false;
  if (Number(lastEnd(status)?.exitCode ?? 0) === 0) return false;
  return Number(status.restartCount ?? 0) > 0 || isServed(view, workload);
}

/** Pods of an earlier template that crash, under a controller that waits for them to become ready before it goes on. */
function stuckPods(view: ClusterView, workload: KubeObject): Finding[] {
  if (workload.metadata.deletionTimestamp || !waitsForBrokenPods(workload)) return [];
  const stuck = view
    .podsOf(workload)
    .filter((pod) => isLiving(pod) && !isOfPresentTemplate(view, workload, pod) && comesBackAnew(workload, pod))
    .filter((pod) => containerStatuses(pod).some((status) => isCrashing(status, view.now)));
  if (stuck.length === 0) return [];
  const list = stuck.map(({ metadata }) => metadata.name).join(', ');
  return [
    makeFinding({
      rule: CONTAINER_CRASH,
      severity: isServed(view, workload) ? 'warning' : 'critical',
      object: workload,
      what: 'stuck',
      message:
        `${workload.kind} ${workload.metadata.name} has a new template, but ${list} of the old one ` +
        `${stuck.length === 1 ? 'keeps' : 'keep'} crashing and will not be replaced by itself`,
      evidence: stuck
        .slice(0, 3)
        .map((pod) =>
          evidence(
            'status',
            pod,
            'metadata.labels',
            `made from revision ${pod.metadata.labels?.['controller-revision-hash'] ?? '?'}, which is not the present one`,
          ),
        ),
      fixes: [
        {
          changes: replaceStuckPods(view, workload, (pod) => stuck.includes(pod)),
          expects: `${list} is made anew from the current template and becomes ready`,
          confidence: 0.9,
        },
      ],
    }),
  ];
}

function howItEnded(status: Untyped): string {
  const ended = lastEnd(status);
  if (!ended) return 'ended';
  if (ended.reason === 'OOMKilled') return 'was killed for using more memory than its limit';
  if (ended.exitCode === 0) return 'ended by itself with exit code 0, though it is to keep running';
  const reason = ended.reason && ended.reason !== 'Error' ? ` (${ended.reason})` : '';
  return `ended with exit code ${ended.exitCode ?? '?'}${reason}`;
}

function names(broken: PodContainer[]): string {
  return [...new Set(broken.map(({ status }) => String(status.name)))].sort().join(', ');
}

function warnings(view: ClusterView, pod: KubeObject, reasons: RegExp): Evidence[] {
  return view
    .eventsOf(pod)
    .filter((event) => reasons.test(event.reason))
    .slice(0, 2)
    .map((event) => eventEvidence(event, pod));
}

export const containerCrashRule: Analyzer = {
  rule: CONTAINER_CRASH,
  layer: 'symptom',
  kinds: [...PODS, ...REVISIONS, 'ConfigMap', 'Secret', 'Node', 'Event', 'Service', 'Namespace'],
  explains: 'What a container said before it ended, again and again, and what of its template was different before.',
  unfixed:
    'no earlier revision is known to have worked, and what the container says names no setting that could be changed back',
  analyze: analyzeContainerCrashes,
};

export const podUnreadyRule: Analyzer = {
  rule: POD_UNREADY,
  layer: 'symptom',
  kinds: [...PODS, ...REVISIONS, 'Event', 'ConfigMap', 'Secret', 'Node', 'Service', 'Namespace'],
  explains: 'Pods that run but do not pass their readiness probe, and what of their template was different before.',
  unfixed: 'no earlier revision is known to have worked, and a failing probe does not say why it fails',
  analyze: analyzeUnreadyPods,
};

export const initHangsRule: Analyzer = {
  rule: INIT_HANGS,
  layer: 'symptom',
  kinds: [...PODS, ...REVISIONS, 'Event', 'ConfigMap', 'Secret', 'Node', 'Service', 'Namespace'],
  explains: 'Init containers that do not come to an end.',
  unfixed: 'no earlier revision is known to have worked, and what the init container waits for is not in the template',
  analyze: analyzeHangingInits,
};
