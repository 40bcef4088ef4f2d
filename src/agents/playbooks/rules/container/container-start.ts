import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence, eventEvidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { ClusterEvent, ClusterView } from '../../../../kube/cluster-view.ts';
import { isAbout, isServed, lastEnd, podContainers } from '../../../../kube/container-trouble.ts';
import type { PodContainer } from '../../../../kube/container-trouble.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import type { ContainerSpec } from '../../../../kube/pod-template.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { isReady } from '../../../../kube/pods.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { logLines } from './logs.ts';
import { nonRootUser } from './non-root-user.ts';
import { partFixes } from '../../clues/former/part-fixes.ts';
import { LOOSENS } from '../../clues/patches/hardening.ts';
import { below, within } from '../../clues/patches/container-patch.ts';
import { mountedProgram } from '../../clues/settings/mounted-program.ts';
import { START_CAUSES } from './start-causes.ts';
import type { StartCause } from './start-causes.ts';

const CONTAINER_START = 'container-start';

const REFUSED = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PostStartHookError',
]);
const REFUSED_ENDS = new Set(['StartError', 'ContainerCannotRun']);
/** Shells say with these that they could not run the command; the log has their words. */
const SHELL_CODES = new Set([126, 127]);

interface Refused extends PodContainer {
  own: ContainerSpec;
  words: string;
  cause: StartCause;
  event: ClusterEvent | undefined;
}

/** Containers that the runtime cannot start, by the words in which it says why. */
export async function analyzeContainerStarts(context: AnalyzerContext): Promise<Finding[]> {
  const { view } = context;
  const findings: Finding[] = [];
  for (const workload of view.workloads()) {
    const seen = new Set<string>();
    for (const at of podContainers(view, workload)) {
      const refused =
        at.own && !seen.has(at.own.name) && !isReady(at.pod) ? await refusal(context, { ...at, own: at.own }) : null;
      if (!refused) continue;
      seen.add(refused.own.name);
      findings.push(findingFor(view, workload, refused));
    }
  }
  return findings;
}

async function refusal(
  { view, readLog }: AnalyzerContext,
  at: PodContainer & { own: ContainerSpec },
): Promise<Refused | null> {
  const { status, pod } = at;
  const { waiting } = status?.state ?? {};
  const ended = lastEnd(status);
  const couldNotStart =
    REFUSED_ENDS.has(ended?.reason) ||
    /failed to (create|start) container|OCI runtime/i.test(String(ended?.message ?? ''));
  const events = view.eventsOf(pod).filter((event) => isAbout(event, at));
  const event =
    events.find(({ reason }) => reason === 'FailedPostStartHook') ??
    events.find(({ reason, message }) => reason === 'Failed' && /^Error:/.test(message));
  const hook = events.find(({ reason }) => reason === 'FailedPostStartHook');
  const code = Number(ended?.exitCode ?? 0);
  const words = REFUSED.has(waiting?.reason)
    ? [waiting.message, event?.message]
    : couldNotStart
      ? [ended.message, event?.message]
      : hook && Number(status?.restartCount ?? 0) > 0
        ? [hook.message]
        : SHELL_CODES.has(code) && Number(status?.restartCount ?? 0) > 0
          ? (await logLines(readLog, at, true)).slice(-20)
          : [];
  const text = words.filter(Boolean).join('\n');
  if (text === '') return null;
  const isHook = waiting?.reason === 'PostStartHookError' || (hook !== undefined && words[0] === hook.message);
  const cause = START_CAUSES.find(
    ({ pattern, hook: ofHook }) => (isHook ? ofHook === true : !ofHook) && pattern.test(text),
  );
  const { namespace } = at.pod.metadata;
  // A mount that lies over the program is another matter (`mounted-program`).
  if (cause && mountedProgram(view, namespace, podTemplateOf(view.workloadOf(pod))?.spec, at.own, [text])) return null;
  return cause ? { ...at, words: text, cause, event: hook ?? event } : null;
}

function findingFor(
  view: ClusterView,
  workload: KubeObject,
  { own, pod, status, words, cause, event }: Refused,
): Finding {
  const template = podTemplateOf(workload)!;
  const line = words.split('\n').find((each) => cause.pattern.test(each)) ?? words;
  const own_ = within(own, ...cause.fields);
  const inPod = below(...cause.podFields.map((field) => `/${field}`));
  const former = partFixes(view, workload, (pointer) => own_(pointer) || inPod(pointer), 0.95);
  // Where the named fields did not change, another part of the container did.
  const rest =
    former.fixes.length > 0
      ? { fixes: [], reasons: [] }
      : partFixes(
          view,
          workload,
          within(own, 'command', 'args', 'image', 'workingDir', 'volumeMounts', 'lifecycle', 'env'),
          0.8,
        );
  const user = cause.user ? nonRootUser(view, workload, own, words) : { fixes: [], reasons: [] };
  const value = cause.fields
    .map((field) => ({ field, value: own.spec?.[field] as unknown }))
    .filter((each) => each.value !== undefined);
  return makeFinding({
    rule: CONTAINER_START,
    severity: isServed(view, workload) ? 'warning' : 'critical',
    object: workload,
    what: own.name,
    message: `Container ${own.name} of ${workload.kind} ${workload.metadata.name} cannot start: ${cause.text}`,
    evidence: [
      evidence(
        'status',
        pod,
        `status.containerStatuses[${own.name}]`,
        untrustedLine(`${status?.state?.waiting?.reason ?? lastEnd(status)?.reason ?? 'ended'}: ${line}`),
      ),
      ...value
        .slice(0, 3)
        .map((each) =>
          evidence(
            'spec',
            workload,
            `${template.field}.${own.place}.${each.field}`,
            untrustedLine(`${each.field} is ${JSON.stringify(each.value)}`),
          ),
        ),
      ...(event ? [eventEvidence(event, pod)] : []),
      ...former.reasons,
      ...rest.reasons,
      ...user.reasons,
    ],
    fixes: [...former.fixes, ...rest.fixes, ...user.fixes],
    unfixed: former.loosens ? `${LOOSENS}; ${cause.unfixed}` : cause.unfixed,
  });
}

export const containerStartRule: Analyzer = {
  rule: CONTAINER_START,
  layer: 'template',
  kinds: [...PODS, ...REVISIONS, 'Event'],
  explains:
    'Containers that cannot start: their command, user, working directory, mounts or hook does not fit the image.',
  unfixed: 'no earlier state of the template had another value: whoever builds the image must say what fits it',
  analyze: analyzeContainerStarts,
};
