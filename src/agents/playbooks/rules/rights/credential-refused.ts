import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { readyPods } from '../../../../kube/cluster-view.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import type { RefusedCredential } from '../../clues/settings/refused-credential.ts';
import { refusedCredential } from '../../clues/settings/refused-credential.ts';
import { restartOf } from '../../clues/settings/setting-change.ts';
import { staleReads } from '../../clues/settings/stale-reads.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import { logEvidence } from '../../clues/pods/workload-logs.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const CREDENTIAL_REFUSED = 'credential-refused';

/** Workloads whose logs are read. */
const MAX_READ = 12;
const LINES_SHOWN = 3;

/**
 * Programs that another one refuses because of their credential, where a Secret that only one of them takes, or that only one of
 * them has read anew, was changed. What Secrets hold is never read, and never written.
 */
export async function analyzeRefusedCredentials(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  const troubled = troubledWorkloads(view, severity);
  const callers = view
    .workloads()
    .filter((workload) => troubled.has(refKey(refOf(workload))))
    .slice(0, MAX_READ);
  const findings = callers.map(async (caller) => {
    const refused = await refusedCredential(context, caller);
    return refused && findingFor(view, caller, refused);
  });
  return (await Promise.all(findings)).filter((finding) => finding !== null);
}

function findingFor(
  view: ClusterView,
  caller: KubeObject,
  { callee, lines, ofCallee, ofCaller }: RefusedCredential,
): Finding | null {
  const isSecret = ({ object }: { object: KubeObject }): boolean => object.kind === 'Secret';
  const changed = [...ofCallee, ...ofCaller];
  const behind = staleReads(view, callee).filter((read) => isSecret(read) && read.how !== 'file');
  // Its own pods are behind: that is told, and mended, as such.
  if (behind.length === 0 && staleReads(view, caller).some(isSecret)) return null;
  const name = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.name}`;
  const told = [...lines.slice(-LINES_SHOWN).map(logEvidence), ...distinct(changed.map((one) => one.evidence))];
  const common = {
    rule: CREDENTIAL_REFUSED,
    severity: readyPods(view, caller).length > 0 ? ('warning' as const) : ('critical' as const),
    what: `${callee.metadata.name} refuses ${caller.metadata.name}`,
    evidence: told,
  };
  const refuses = `${name(callee)} refuses the credential of ${name(caller)}`;
  if (behind.length > 0) {
    const old = new Set(behind.flatMap(({ pods }) => pods));
    const secrets = [...new Set(behind.map(({ object }) => name(object)))].join(' and ');
    const changes = restartOf(view, callee, (pod) => old.has(pod));
    return makeFinding({
      ...common,
      object: callee,
      message: `${refuses}: its pods still use what ${secrets} held when they started, and it was changed since`,
      evidence: [...told, ...behind.slice(0, 2).map(readEvidence)],
      fixes:
        changes.length > 0
          ? [{ changes, expects: `${name(callee)} starts with what ${secrets} holds now`, confidence: 0.55 }]
          : [],
      unfixed: 'its pods have no controller that would make them anew: whoever made them can',
    });
  }
  const [first] = changed;
  const side = ofCallee.length > 0 ? callee : caller;
  const isShared = ofCallee.some(({ object }) => ofCaller.some((other) => other.object === object));
  return makeFinding({
    ...common,
    object: first!.object,
    message: isShared
      ? `${refuses}: ${name(first!.object)}, which both take, was changed, and what ${callee.metadata.name} keeps may not have been`
      : `${refuses}: ${name(first!.object)}, which ${side.metadata.name} takes, was changed, and what the other one takes was not`,
    beyond: true,
  });
}

function readEvidence({ object, container, pods, startedAt }: ReturnType<typeof staleReads>[number]): Evidence {
  const since = new Date(startedAt).toISOString();
  return evidence(
    'status',
    pods[0]!,
    `status.containerStatuses[${container}].state.running.startedAt`,
    `container ${container} runs since ${since}, before Secret ${object.metadata.name} was changed`,
  );
}

function distinct(all: readonly Evidence[]): Evidence[] {
  return [...new Map(all.map((one) => [one.text, one])).values()];
}

export const refusedCredentialRule: Analyzer = {
  rule: CREDENTIAL_REFUSED,
  layer: 'configuration',
  kinds: [...PODS, 'Event', 'Namespace', 'Service', 'ConfigMap', 'Secret'],
  explains: 'Programs whose credential another one refuses since a Secret of one of them was changed.',
  unfixed:
    'what Secrets hold is neither read nor written here: whoever changed it has to give the same credential to both sides',
  analyze: analyzeRefusedCredentials,
};
