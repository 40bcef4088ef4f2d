import { pointerKeys } from '../../../json/stable-json.ts';
import { podTemplateOf } from '../../../kube/pod-template.ts';
import type { PodTemplate, Untyped } from '../../../kube/pod-template.ts';
import type { FormerPart } from '../../playbooks/clues/former/former-part.ts';
import { formerParts } from '../../playbooks/clues/former/former-part.ts';
import { keepsHardening } from '../../playbooks/clues/patches/hardening.ts';
import type { CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf, shown } from '../scene/draft.ts';
import { isPatchable, templateChanges } from '../scene/template-patch.ts';

/** How likely a change of a field is to break pods, where nothing else is known. */
const LIKELY: [RegExp, number][] = [
  [/\/image$/, 0.85],
  [/\/(command|args)(\/|$)/, 0.82],
  [/\/env(From)?(\/|$)/, 0.8],
  [/Probe(\/|$)/, 0.78],
  [/\/resources(\/|$)/, 0.78],
  [/^\/(nodeSelector|affinity|tolerations|nodeName|schedulerName)(\/|$)/, 0.8],
  [/^\/(volumes|hostAliases|dnsPolicy|dnsConfig|serviceAccountName|priorityClassName|runtimeClassName)(\/|$)/, 0.8],
  [/\/(ports|volumeMounts|imagePullPolicy|securityContext|workingDir|lifecycle)(\/|$)/, 0.75],
];
const OTHERWISE = 0.5;
/** Parts told per workload: a revision that changed more is better taken back as a whole. */
const MAX_PARTS = 6;

/** Parts of pod templates that are not what they were: each may have been the change that broke something. */
export function templateHistory({ view, focus }: Scene): CauseDraft[] {
  return focus.workloads
    .filter((workload) => isPatchable(view, workload))
    .flatMap((workload) => {
      const template = podTemplateOf(workload)!;
      const pointers = formerParts(view, workload, () => true).flatMap((part) => part.pointers);
      const groups = [...new Set(pointers.map(groupOf))].sort(
        (a, b) => likelihood(b) - likelihood(a) || (a < b ? -1 : 1),
      );
      const recent = focus.isRecent(workload) ? 1 : 0.9;
      return groups.slice(0, MAX_PARTS).flatMap((group): CauseDraft[] => {
        const parts = formerParts(view, workload, (pointer) => groupOf(pointer) === group).filter((part) =>
          isAcceptable(template, part),
        );
        const [first] = parts;
        if (!first) return [];
        const place = placeOf(template.spec, group);
        const changed = changeText(template.spec, first);
        const score = likelihood(group) * first.trust * recent * (groups.length > 3 ? 0.9 : 1);
        return [
          {
            object: workload,
            what: group,
            text: `${nameOf(workload)}: ${place} was changed: ${changed}`,
            evidence: parts.slice(0, 2).map(({ evidence }) => evidence),
            score,
            actions: parts.slice(0, 2).map((part, age) => ({
              changes: templateChanges(view, workload, part.ops),
              text: `restore ${place} of ${nameOf(workload)}: ${changeText(template.spec, part)} (${sourceOf(part)})`,
              origin: 'earlier' as const,
              score: score - age * 0.1,
              expects: `${nameOf(workload)} has its former ${place} and its pods become ready`,
            })),
          },
        ];
      });
    });
}

/** The part of a template that is put back together: a variable, the resources or a probe of a container, else a field. */
export function groupOf(pointer: string): string {
  const steps = pointer.split('/');
  if (!/^(initC|c)ontainers$/.test(steps[1] ?? '')) return steps.slice(0, 2).join('/');
  return steps.slice(0, steps[3] === 'env' ? 5 : 4).join('/');
}

function likelihood(group: string): number {
  return LIKELY.find(([pattern]) => pattern.test(group))?.[1] ?? OTHERWISE;
}

/** Neither a restriction nor a probe is given up: without the probe nobody would know that the pods are well. */
export function isAcceptable(template: PodTemplate, { ops, podSpec }: Pick<FormerPart, 'ops' | 'podSpec'>): boolean {
  if (ops.some(({ op, path }) => op === 'remove' && /Probe$/.test(path))) return false;
  return keepsHardening(template, ops, podSpec);
}

/** `/containers/0/env/3` as `variable DB_HOST of container web`. */
function placeOf(podSpec: Untyped, group: string): string {
  const steps = pointerKeys(group);
  const field = steps[2] ?? steps[0] ?? 'template';
  const container: Untyped = steps[1] === undefined ? null : podSpec?.[steps[0]!]?.[steps[1]];
  if (!container?.name) return steps.join('.');
  const variable: unknown = steps[3] === undefined ? undefined : container.env?.[steps[3]]?.name;
  return `${variable === undefined ? field : `variable ${String(variable)}`} of container ${container.name}`;
}

/** The first places that differ, as `before → now` reads for people: what it is now and what it would be again. */
function changeText(podSpec: Untyped, { pointers, podSpec: restored }: FormerPart): string {
  const texts = pointers.slice(0, 2).map((pointer) => {
    const keys = pointerKeys(pointer);
    const [now, before] = [podSpec, restored].map((spec) => keys.reduce((at: Untyped, key) => at?.[key], spec));
    const last = keys
      .slice(3)
      .filter((key) => !/^\d+$/.test(key) && key !== 'value')
      .join('.');
    return `${last ? `${last} ` : ''}${shown(now)} → ${shown(before)}`;
  });
  return texts.join(', ') + (pointers.length > 2 ? ` and ${pointers.length - 2} more` : '');
}

function sourceOf({ evidence }: FormerPart): string {
  return evidence.text.slice(0, Math.max(0, evidence.text.indexOf(' had '))) || 'earlier';
}
