import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { readyPods, refTo } from '../../../../kube/cluster-view.ts';
import { configReferences, keysOf, missingReferences } from '../../../../kube/config-references.ts';
import type { ConfigReference } from '../../../../kube/config-references.ts';
import { containerStatuses } from '../../../../kube/image-state.ts';
import { missingConfigFixes } from './missing-config-fixes.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { isWanted } from '../../clues/scale/need.ts';
import type { Trouble } from '../../clues/pods/troubled.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import { TELLING, workloadLog } from '../../clues/pods/workload-logs.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { desiredReplicas, isLiving, isReady } from '../../../../kube/pods.ts';
import { PODS, REVISIONS, NEED } from '../../../../kube/kind-sets.ts';

const MISSING_CONFIG = 'missing-config';

/** A ConfigMap or Secret, or one key of it, that a workload needs and that is not there. */
export interface MissingConfig {
  /** All places of the workload that need it. */
  references: ConfigReference[];
  /** The object when only the key is missing. */
  object: KubeObject | null;
}

/** Required references to ConfigMaps and Secrets that nothing satisfies, also while old pods still run. */
export async function analyzeMissingConfig(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  const troubled = troubledWorkloads(view, severity);
  const findings: Finding[] = [];
  for (const workload of view.workloads()) {
    const template = podTemplateOf(workload);
    if (!template || !isInUse(view, workload)) continue;
    const trouble = troubled.get(refKey(refOf(workload))) ?? 'maybe';
    const missing = [...missingOf(view, workload), ...(await missedOptions(context, workload, trouble))];
    findings.push(...missing.map((each) => findingFor(view, workload, each)));
  }
  return findings;
}

/**
 * What a template calls optional and is not there, where the log of a container that fails asks for it by name, or where
 * the workload fails its users and the cluster tells what was there or stands there under another name: without it a
 * program runs with a default of its own.
 */
async function missedOptions(
  context: AnalyzerContext,
  workload: KubeObject,
  trouble: Trouble,
): Promise<MissingConfig[]> {
  const { view } = context;
  const { namespace } = workload.metadata;
  const absent = configReferences(podTemplateOf(workload)!.spec).flatMap((reference): MissingConfig[] => {
    if (!reference.optional || !view.known(reference.kind) || !view.inScope(namespace)) return [];
    const object = view.find(reference.kind, namespace, reference.name) ?? null;
    if (object && (reference.key === null || keysOf(object).includes(reference.key))) return [];
    return [{ references: [reference], object }];
  });
  const failing = view.podsOf(workload).some((pod) => isLiving(pod) && !isReady(pod));
  const known =
    trouble === 'maybe'
      ? []
      : absent.filter((each) => each.object && missingConfigFixes(view, workload, each).fixes.length > 0);
  if (absent.length === 0 || !failing) return known;
  const lines = (await workloadLog(context, workload)).map(({ text }) => text).filter((text) => TELLING.test(text));
  return absent.filter((each) => {
    if (known.includes(each)) return true;
    const [reference] = each.references;
    // `variable DB_URL of container web`, `volume conf, file app.yaml`
    const asked = /^variable (\S+) of|, file (\S+)$/.exec(reference!.user);
    const word = asked?.[1] ?? asked?.[2];
    return word !== undefined && lines.some((line) => line.split(/[^\w.-]+/).includes(word));
  });
}

function isInUse(view: ClusterView, workload: KubeObject): boolean {
  if (workload.metadata.deletionTimestamp) return false;
  switch (workload.kind) {
    case 'Pod':
      return isLiving(workload) && !isReady(workload);
    case 'Job':
    case 'CronJob':
      return view.podsOf(workload).some((pod) => isLiving(pod) && !isReady(pod));
    case 'DaemonSet':
      return workload.status?.desiredNumberScheduled !== 0 || view.podsOf(workload).length > 0;
    default:
      return isWanted(view, workload);
  }
}

/** What the template lacks, one entry per object or key. */
function missingOf(view: ClusterView, workload: KubeObject): MissingConfig[] {
  const podSpec = podTemplateOf(workload)!.spec;
  const observed = observedMissing(view, workload);
  const missing = [
    ...missingReferences(view, workload.metadata.namespace, podSpec),
    ...configReferences(podSpec)
      .filter((reference) => !reference.optional && !view.known(reference.kind))
      .filter((reference) => observed.some((says) => says(reference)))
      .map((reference) => ({ reference, object: null })),
  ];
  const groups = new Map<string, MissingConfig>();
  for (const { reference, object } of missing) {
    const { kind, name, key } = reference;
    const text = JSON.stringify(object ? [kind, name, key] : [kind, name]);
    const group = groups.get(text);
    if (group) group.references.push(reference);
    else groups.set(text, { references: [reference], object });
  }
  return [...groups.values()];
}

/** What the kubelet says about kinds that this user may not read. */
function observedMissing(view: ClusterView, workload: KubeObject): ((reference: ConfigReference) => boolean)[] {
  const messages = view
    .podsOf(workload)
    .filter((pod) => isLiving(pod) && !isReady(pod))
    .flatMap((pod) => [
      ...containerStatuses(pod).map((status) => String(status?.state?.waiting?.message ?? '')),
      ...view
        .eventsOf(pod)
        .filter((event) => event.type === 'Warning')
        .map((event) => event.message),
    ]);
  return messages.map((message) => (reference) => {
    const kind = reference.kind.toLowerCase();
    if (new RegExp(`\\b${kind} "([^"]*)" not found`, 'i').exec(message)?.[1] === reference.name) return true;
    const key = new RegExp(`couldn't find key (\\S+) in ${kind} (\\S+)`, 'i').exec(message);
    return key !== null && key[1] === reference.key && key[2]!.split('/').pop() === reference.name;
  });
}

function findingFor(view: ClusterView, workload: KubeObject, missing: MissingConfig): Finding {
  const { references, object } = missing;
  const { kind, name, key } = references[0]!;
  const ready = readyPods(view, workload).length;
  const served = ready > 0 && ready >= (desiredReplicas(workload) ?? 1) && !waits(view, workload);
  const { fixes, reasons, unfixed } = missingConfigFixes(view, workload, missing);
  const lack = object ? `key ${key} of ${kind} ${name}` : `${kind} ${name}`;
  return makeFinding({
    rule: MISSING_CONFIG,
    severity: served ? 'warning' : 'critical',
    object: workload,
    what: object ? `${kind}/${name}/${key}` : `${kind}/${name}`,
    message:
      `${workload.kind} ${workload.metadata.name} needs ${lack}, which does not exist` +
      (references[0]!.optional
        ? ' and is called optional: its programs go without'
        : served
          ? '; its running pods keep going, but none can start anew'
          : ''),
    evidence: [
      ...references.map((reference) => referenceEvidence(workload, reference)),
      objectEvidence(workload, missing),
      ...podEvidence(view, workload),
      ...reasons,
    ],
    fixes,
    ...(unfixed ? { unfixed } : {}),
  });
}

function referenceEvidence(workload: KubeObject, reference: ConfigReference): Evidence {
  const field = `${podTemplateOf(workload)!.field}.${reference.place}`;
  const key = reference.key === null ? '' : ` key ${reference.key} of`;
  return evidence('spec', workload, field, `${reference.user} takes${key} ${reference.kind} ${reference.name}`);
}

function objectEvidence(workload: KubeObject, { references, object }: MissingConfig): Evidence {
  const { kind, name, key } = references[0]!;
  if (!object) {
    const ref = refTo(kind, 'v1', workload.metadata.namespace, name);
    return evidence('sibling', ref, null, `no ${kind} ${name} in namespace ${workload.metadata.namespace}`);
  }
  const keys = keysOf(object);
  const have = keys.length > 0 ? `has ${keys.slice(0, 10).join(', ')}` : 'is empty';
  return evidence('spec', object, 'data', `${kind} ${name} ${have}${keys.length > 10 ? ' …' : ''}, but not ${key}`);
}

function waits(view: ClusterView, workload: KubeObject): boolean {
  return (
    view
      .podsOf(workload)
      .some(
        (pod) =>
          isLiving(pod) &&
          containerStatuses(pod).some((status) => status?.state?.waiting?.reason === 'CreateContainerConfigError'),
      ) && readyPods(view, workload).length < (desiredReplicas(workload) ?? 1)
  );
}

function podEvidence(view: ClusterView, workload: KubeObject): Evidence[] {
  const broken = view.podsOf(workload).filter((pod) => isLiving(pod) && !isReady(pod));
  return broken.slice(0, 2).flatMap((pod) => {
    const waiting = containerStatuses(pod)
      .filter((status) => status?.state?.waiting?.reason === 'CreateContainerConfigError')
      .slice(0, 1)
      .map((status) => {
        const text = untrustedLine(
          `container ${status.name} waits: CreateContainerConfigError: ${status.state.waiting.message ?? ''}`,
        );
        return evidence('status', pod, `status.containerStatuses[${status.name}].state.waiting`, text);
      });
    const event = view.eventsOf(pod).find((each) => each.reason === 'FailedMount');
    return event ? [...waiting, eventEvidence(event, pod)] : waiting;
  });
}

export const missingConfigRule: Analyzer = {
  rule: MISSING_CONFIG,
  layer: 'configuration',
  kinds: [...PODS, 'Event', ...REVISIONS, ...NEED, 'Secret', 'Node'],
  explains: 'Containers that cannot start because a ConfigMap or Secret, or a key of one, is missing.',
  unfixed: 'nothing in the cluster tells what the missing configuration should contain',
  analyze: analyzeMissingConfig,
};
