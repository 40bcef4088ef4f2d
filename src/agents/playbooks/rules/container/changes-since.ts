import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { ContainerSpec } from '../../../../kube/pod-template.ts';
import { containersOf } from '../../../../kube/pod-template.ts';
import { rollbackFixes } from '../../clues/rollback.ts';
import { below, partFixes, within } from './part-fixes.ts';
import type { Fixes } from './part-fixes.ts';

/** What an earlier state of a broken container's template had, and the ways back to it, smallest first. */
export interface ChangesSince extends Fixes {
  /** Fields that differ, for people; empty when none is known to. */
  words: string[];
  unfixed?: string;
}

interface Part {
  words: string;
  concerns: (pointer: string) => boolean;
  confidence: number;
  /** Words of a log that speak for this part. */
  hint: RegExp;
}

const SPOKEN_FOR = 0.08;

/** None where pods of the present revision work: the template is not what broke this one. */
export function changesSince(
  view: ClusterView,
  workload: KubeObject,
  own: ContainerSpec,
  lines: string[],
): ChangesSince {
  const whole = rollbackFixes(view, workload);
  if (whole.unfixed) return { fixes: [], reasons: [], words: [], unfixed: whole.unfixed };
  const found = partsOf(own).flatMap((part) => {
    const { fixes, reasons } = partFixes(view, workload, part.concerns, confidenceOf(part, lines));
    return fixes.length > 0 ? [{ part, fixes, reasons }] : [];
  });
  const added = addedContainer(view, workload, own);
  const fixes = [...added.fixes, ...found.flatMap((each) => each.fixes)];
  return {
    fixes: [...fixes, ...afterParts(fixes, whole.fixes)],
    reasons: distinct([...added.reasons, ...found.flatMap((each) => each.reasons), ...whole.reasons]),
    words: [...(added.fixes.length > 0 ? ['its being there'] : []), ...found.map(({ part }) => part.words)],
  };
}

function partsOf(own: ContainerSpec): Part[] {
  return [
    { words: 'its command or args', concerns: within(own, 'command', 'args', 'workingDir'), confidence: 0.85, hint: /unknown|unrecognized|invalid (option|flag|argument)|usage|not found|no such file|flag|can't open/i },
    { words: 'its environment', concerns: within(own, 'env', 'envFrom'), confidence: 0.82, hint: /\benv|variable|not set|must be set|required|missing|undefined|unset|config|host|connect/i },
    { words: 'its image', concerns: within(own, 'image'), confidence: 0.79, hint: /exec format error|panic|exception|segfault|version/i },
    { words: 'its mounts and volumes', concerns: (pointer) => within(own, 'volumeMounts')(pointer) || below('/volumes')(pointer), confidence: 0.75, hint: /no such file|config|cert|key|read-only/i },
    { words: 'its resources', concerns: within(own, 'resources'), confidence: 0.7, hint: /memory|heap|killed/i },
    { words: 'its lifecycle hooks', concerns: within(own, 'lifecycle'), confidence: 0.7, hint: /hook/i },
    { words: 'its securityContext', concerns: within(own, 'securityContext'), confidence: 0.65, hint: /permission|permitted|capab/i },
    { words: 'the settings of its pod', concerns: below('/dnsPolicy', '/dnsConfig', '/hostNetwork', '/hostAliases', '/securityContext', '/serviceAccountName', '/shareProcessNamespace', '/enableServiceLinks', '/automountServiceAccountToken', '/runtimeClassName'), confidence: 0.72, hint: /resolve|lookup|no such host|forbidden|unauthorized|bad address|name resolution|serviceaccount|token/i },
  ]; // prettier-ignore
}

function confidenceOf({ confidence, hint }: Part, lines: string[]): number {
  return confidence + (lines.some((line) => hint.test(line)) ? SPOKEN_FOR : 0);
}

/** The former list of containers, where this one was not among them. */
function addedContainer(view: ClusterView, workload: KubeObject, own: ContainerSpec): Fixes {
  const list = own.init ? '/initContainers' : '/containers';
  return partFixes(
    view,
    workload,
    (pointer) => pointer === list,
    0.85,
    ({ podSpec }) => !containersOf(podSpec).some(({ name, init }) => name === own.name && init === own.init),
  );
}

/** A whole rollback comes after the parts of it. */
function afterParts(parts: FixDraft[], whole: FixDraft[]): FixDraft[] {
  if (parts.length === 0) return whole;
  const least = Math.min(...parts.map(({ confidence }) => confidence));
  return whole.map((fix) => ({ ...fix, confidence: Math.min(fix.confidence, Math.max(least - 0.02, 0.3)) }));
}

function distinct(reasons: Evidence[]): Evidence[] {
  const seen = new Set<string>();
  return reasons.filter(({ text }) => !seen.has(text) && seen.add(text));
}
