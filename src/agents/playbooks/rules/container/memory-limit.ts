import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { isServed, lastEnd, podContainers, ranSeconds } from '../../../../kube/container-trouble.ts';
import type { PodContainer } from '../../../../kube/container-trouble.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import type { ContainerSpec, Untyped } from '../../../../kube/pod-template.ts';
import { containersOf, podTemplateOf } from '../../../../kube/pod-template.ts';
import { mistakenMemory, quantity, quantityText } from '../../../../kube/quantity.ts';
import { isReady } from '../../../../kube/pods.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { heapFlags } from './heap-flags.ts';
import { memoryCeiling } from './memory-ceiling.ts';
import { memoryVerdict } from '../../clues/pods/memory-verdict.ts';
import { isHigher, memoryLimitOf, raiseMemory } from './memory-raise.ts';
import { partFixes } from '../../clues/former/part-fixes.ts';
import { within } from '../../clues/patches/container-patch.ts';

const MEMORY_LIMIT = 'memory-limit';

const MI = 2 ** 20;
/** Below this no common runtime starts. */
const LEAST_BYTES = 64 * MI;
/** A run this long before the kill tells of memory that grows, not of a limit too low to work with. */
const STEADY_SECONDS = 1800;

interface Killed extends PodContainer {
  own: ContainerSpec;
}

/** Containers that the kernel kills because they use more memory than their limit. */
export function analyzeMemoryLimits(context: AnalyzerContext): Finding[] {
  const { view } = context;
  return view.workloads().flatMap((workload) => {
    const killed = podContainers(view, workload).filter(
      (each): each is Killed =>
        each.own !== null && ((wasKilled(each) && !outlived(view, each)) || notStarted(view, each) !== null),
    );
    const names = [...new Set(killed.map(({ own }) => own.name))];
    return names.map((name) =>
      findingFor(
        context,
        workload,
        killed.filter(({ own }) => own.name === name),
      ),
    );
  });
}

/** The second is what the runtime says when not even the first process of a container fits. */
function wasKilled({ status }: PodContainer): boolean {
  if (lastEnd(status)?.reason === 'OOMKilled') return true;
  return /OOM-killed|memory limit too low/i.test(
    `${lastEnd(status)?.message ?? ''} ${status?.state?.waiting?.message ?? ''}`,
  );
}

const NO_MEMORY = /no space left on device|memory limit too low|cannot allocate memory|out of memory|oom/i;

/** The event that tells that the pod cannot even be prepared within a limit that nobody can have meant. */
function notStarted(view: ClusterView, { pod, status, spec }: PodContainer): string | null {
  if (isReady(pod) || status?.state?.running || mistakenMemory(spec?.resources?.limits?.memory) === null) return null;
  const told = view.eventsOf(pod).find(({ type, message }) => type === 'Warning' && NO_MEMORY.test(message));
  return told ? `${told.reason}: ${told.message}` : null;
}

/** Ready, and running longer than the run that was ended. */
function outlived(view: ClusterView, { pod, status }: PodContainer): boolean {
  if (!status?.state?.running || !isReady(pod)) return false;
  const since = (view.now - Date.parse(status.state.running.startedAt ?? '')) / 1000;
  return since > Math.min(Math.max((ranSeconds(lastEnd(status)) ?? 0) * 1.5, 30), 600);
}

function findingFor(context: AnalyzerContext, workload: KubeObject, killed: Killed[]): Finding {
  const { view } = context;
  const { own, pod, status, spec } = killed[0]!;
  const limit: unknown = spec?.resources?.limits?.memory;
  const injected = limit !== undefined && own.spec?.resources?.limits?.memory === undefined;
  let known = quantity(limit) ?? 0;
  const former = partFixes(
    view,
    workload,
    within(own, 'resources/limits/memory', 'resources/requests/memory', ...(own.spec?.resources ? [] : ['resources'])),
    0.95,
    ({ podSpec }) => {
      const before = memoryLimitOf(podSpec, own.name);
      known = Math.max(known, quantity(before) ?? 0);
      return isHigher(before, limit);
    },
  );
  const flags = heapFlags(own.spec);
  const tooLarge = flags.filter(({ bytes }) => bytes > (quantity(limit) ?? Number.POSITIVE_INFINITY));
  const formerFlags = partFixes(
    view,
    workload,
    within(own, 'args', 'command', 'env'),
    tooLarge.length > 0 ? 0.9 : 0.7,
    ({ podSpec }) =>
      heapFlags(containersOf(podSpec).find(({ name }) => name === own.name)?.spec).some(({ name, bytes }) =>
        flags.some((now) => now.name === name && bytes < now.bytes),
      ),
  );
  // A program that was changed may need more than it ever had.
  const formerProgram = partFixes(
    view,
    workload,
    within(own, 'args', 'command', 'env', 'image', 'resources/limits/memory', 'resources/requests/memory'),
    0.6,
    ({ podSpec }) =>
      !isHigher(limit, memoryLimitOf(podSpec, own.name)) && memoryLimitOf(podSpec, own.name) !== undefined,
  );
  const field = `${podTemplateOf(workload)!.field}.${own.place}.resources.limits.memory`;
  const ran = ranSeconds(lastEnd(status));
  const isSteady = ran !== null && ran > STEADY_SECONDS && former.fixes.length === 0;
  // A leak fills any limit.
  const leak = memoryVerdict(context, workload, own.name, 'leak');
  const label = `${workload.kind} ${workload.metadata.name}`;
  const mistaken = mistakenMemory(limit);
  return makeFinding({
    rule: MEMORY_LIMIT,
    severity: isServed(view, workload) ? 'warning' : 'critical',
    object: workload,
    what: own.name,
    message:
      `Container ${own.name} of ${label} ` +
      (mistaken ? 'cannot start within its memory limit ' : 'is killed for using more memory than its limit ') +
      (limit === undefined ? '(none of its own: the pod or node has one)' : `of ${limit}`) +
      (mistaken ? `: ${mistaken}` : '') +
      (injected ? ', which the template does not set: a LimitRange or webhook of the namespace does' : '') +
      (tooLarge[0] ? `; ${tooLarge[0].text} lets it use more` : '') +
      (leak ? '; it leaks memory, which would fill any limit' : ''),
    evidence: [
      evidence(
        'spec',
        workload,
        field,
        injected
          ? `pods get a memory limit of ${limit} that the template lacks`
          : `container ${own.name} has a memory limit of ${limit ?? 'nothing'}`,
      ),
      evidence(
        'status',
        pod,
        `status.containerStatuses[${own.name}]`,
        untrustedLine(`${status.restartCount ?? 0} restarts; ${notStarted(view, killed[0]!) ?? endText(status)}`),
      ),
      ...tooLarge.map(({ text, place }): Evidence =>
        evidence(
          'spec',
          workload,
          `${podTemplateOf(workload)!.field}.${own.place}.${place}`,
          `${text} is more than the limit`,
        ),
      ),
      ...former.reasons,
      ...formerFlags.reasons,
    ],
    fixes: [
      ...former.fixes,
      ...formerFlags.fixes,
      ...formerProgram.fixes,
      ...(isSteady || leak
        ? []
        : [
            ...siblingFixes(view, workload, own, limit),
            ...meantFixes(view, workload, own, limit),
            ...largerFixes(view, workload, own, known),
          ]),
    ],
    ...(leak ? { unfixed: `${leak.evidence[0]}: a higher limit would be filled as well` } : {}),
    ...(isSteady
      ? {
          unfixed: `it ran for ${Math.round(ran / 60)} min before: memory that grows until the limit is a matter of the program, for whoever maintains it`,
        }
      : {}),
  });
}

function endText(status: Untyped): string {
  const ended = lastEnd(status);
  const ran = ranSeconds(ended);
  const start =
    ended?.reason === 'OOMKilled'
      ? 'the kernel ended it (OOMKilled)'
      : `it could not start: ${ended?.message ?? status?.state?.waiting?.message ?? ''}`;
  return ran === null ? start : `${start} after ${Math.round(ran)} s`;
}

/** The limit under which another workload runs the same image. */
function siblingFixes(view: ClusterView, workload: KubeObject, own: ContainerSpec, limit: unknown): FixDraft[] {
  const limits = view
    .workloads()
    .filter((other) => other !== workload && isServed(view, other))
    .flatMap((other) => containersOf(podTemplateOf(other)?.spec))
    .filter(({ image, init }) => image === own.image && init === own.init)
    .map(({ spec }) => spec?.resources?.limits?.memory as unknown)
    .filter((each) => isHigher(each, limit) && sameProgram(view, own, each));
  const [smallest] = limits.sort((a, b) => quantity(a)! - quantity(b)!);
  return smallest === undefined ? [] : raiseMemory(view, workload, own, String(smallest), 0.55);
}

/** Siblings of one image may run different programs from it. */
function sameProgram(view: ClusterView, own: ContainerSpec, limit: unknown): boolean {
  const text = (spec: Untyped) => JSON.stringify([spec?.command ?? null, spec?.args ?? null]);
  return view
    .workloads()
    .flatMap((other) => containersOf(podTemplateOf(other)?.spec))
    .some(
      ({ image, spec }) =>
        image === own.image && spec?.resources?.limits?.memory === limit && text(spec) === text(own.spec),
    );
}

/** The same number of the unit that the other containers in the namespace use. */
function meantFixes(view: ClusterView, workload: KubeObject, own: ContainerSpec, limit: unknown): FixDraft[] {
  const [, number] = /^(\d+)m$/.exec(String(limit)) ?? [];
  if (number === undefined) return [];
  const amounts = view
    .workloads()
    .filter(({ metadata }) => metadata.namespace === workload.metadata.namespace)
    .flatMap((other) => containersOf(podTemplateOf(other)?.spec))
    .flatMap(({ spec }) => [spec?.resources?.limits?.memory, spec?.resources?.requests?.memory].map(String));
  const units = new Set(amounts.flatMap((amount) => /^\d+(Mi|M)$/.exec(amount)?.[1] ?? []));
  const [unit] = units;
  const bytes = quantity(`${number}${unit}`) ?? 0;
  if (units.size !== 1 || mistakenMemory(bytes) !== null || bytes > memoryCeiling(view, workload, own)) return [];
  return raiseMemory(view, workload, own, `${number}${unit}`, 0.6);
}

/** Twice, then four times the most that is known, as far as namespace and nodes allow. */
function largerFixes(view: ClusterView, workload: KubeObject, own: ContainerSpec, known: number): FixDraft[] {
  if (known === 0) return [];
  const ceiling = memoryCeiling(view, workload, own);
  const steps: [number, number][] = [[2, 0.45], [4, 0.32]]; // prettier-ignore
  return steps.flatMap(([times, confidence]) => {
    const wanted = Math.max(known * times, LEAST_BYTES * (times / 2));
    const bytes = Math.floor(Math.min(wanted, ceiling) / MI) * MI;
    return bytes > known * 1.2 ? raiseMemory(view, workload, own, quantityText('memory', bytes), confidence) : [];
  });
}

export const memoryLimitRule: Analyzer = {
  rule: MEMORY_LIMIT,
  layer: 'template',
  kinds: [...PODS, ...REVISIONS, 'LimitRange', 'ResourceQuota', 'Node'],
  explains: 'Containers that are killed because they use more memory than their limit.',
  unfixed: 'no earlier state had a higher limit, and the namespace or its nodes have no more memory to give',
  analyze: analyzeMemoryLimits,
};
