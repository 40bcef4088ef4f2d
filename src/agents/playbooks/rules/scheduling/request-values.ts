import type { PatchOp } from '../../../../domain/change.ts';
import type { Evidence } from '../../../../domain/finding.ts';
import { pointerToken } from '../../../../json/stable-json.ts';
import { desiredReplicas } from '../../../../kube/pods.ts';
import { containersOf, hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { ContainerSpec, Untyped } from '../../../../kube/pod-template.ts';
import { quantity } from '../../../../kube/quantity.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import { waitsForNode, wouldFit } from '../../clues/placement/unplaced.ts';
import type { Unplaced } from '../../clues/placement/unplaced.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';

/** Units that are mistaken for each other, larger to smaller. */
const SLIPS: Record<string, string[]> = {
  Ti: ['Gi', 'Mi'], Gi: ['Mi'], T: ['G', 'M'], G: ['M'], '': ['m'],
}; // prettier-ignore

interface Value {
  text: string;
  confidence: number;
  reason: Evidence;
}

/**
 * Smaller values that something in the cluster speaks for: workloads that run the same image, or the same number with the
 * next smaller unit where that is what others of the namespace ask for. Nothing is invented.
 */
export function smallerRequests(
  unplaced: Unplaced,
  resources: string[],
  expects: string,
): { fixes: FixDraft[]; reasons: Evidence[] } {
  const { workload, fleet } = unplaced;
  const template = podTemplateOf(workload);
  if (!template || !hasMutableTemplate(workload)) return { fixes: [], reasons: [] };
  const options = containersOf(template.spec).flatMap((container) =>
    resources.flatMap((resource) =>
      valuesFor(unplaced, container, resource).map((value) => ({ container, resource, value })),
    ),
  );
  const useful = options.flatMap(({ container, resource, value }) => {
    const { ops, podSpec } = lowered(template.spec, template.pointer, container, resource, value.text);
    if (ops.length === 0 || !wouldFit(unplaced, podSpec)) return [];
    const stuck = replaceStuckPods(fleet.view, workload, waitsForNode);
    const fix: FixDraft = { changes: [jsonPatch(workload, ops), ...stuck], expects, confidence: value.confidence };
    return [{ fix, reason: value.reason }];
  });
  return { fixes: useful.map(({ fix }) => fix), reasons: useful.map(({ reason }) => reason) };
}

function valuesFor({ workload, fleet }: Unplaced, container: ContainerSpec, resource: string): Value[] {
  const now: unknown = container.spec?.resources?.requests?.[resource] ?? container.spec?.resources?.limits?.[resource];
  const asked = quantity(now);
  if (asked === null) return [];
  const others = fleet.view
    .workloads()
    .filter((other) => other !== workload && desiredReplicas(other) !== 0)
    .filter((other) => fleet.view.podsOf(other).some((pod) => pod.spec?.nodeName));
  const seen = others.flatMap((other) =>
    containersOf(podTemplateOf(other)?.spec).flatMap((each) => {
      const text: unknown = each.spec?.resources?.requests?.[resource];
      const amount = quantity(text);
      return amount === null || amount >= asked ? [] : [{ other, image: each.image, text: String(text), amount }];
    }),
  );
  const same = seen.find(({ image }) => repository(image) === repository(container.image));
  const values: Value[] = same
    ? [
        {
          text: same.text,
          confidence: 0.7,
          reason: evidence(
            'sibling',
            same.other,
            'spec.template.spec.containers[].resources.requests',
            `${same.other.kind} ${same.other.metadata.name} runs the same program with ${resource} ${same.text}`,
          ),
        },
      ]
    : [];
  for (const text of slips(String(now))) {
    const amount = quantity(text);
    // A slip of the unit leaves a number as people of this namespace write it.
    const like = seen.find((each) => amount !== null && each.amount <= amount * 8 && each.amount >= amount / 8);
    if (!like) continue;
    const reason = evidence(
      'sibling',
      like.other,
      'spec.template.spec.containers[].resources.requests',
      `${text} would be like ${like.other.kind} ${like.other.metadata.name}, which asks for ${like.text}; ${String(now)} looks like a slip of the unit`,
    );
    values.push({ text, confidence: 0.55, reason });
    break;
  }
  return values;
}

function slips(text: string): string[] {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text);
  return match ? (SLIPS[match[2]!] ?? []).map((unit) => `${match[1]}${unit}`) : [];
}

function repository(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}

/** The template with a smaller request; a limit that counted as the request stays, the request is written beside it. */
function lowered(
  podSpec: Untyped,
  root: string,
  container: ContainerSpec,
  resource: string,
  text: string,
): { ops: PatchOp[]; podSpec: Untyped } {
  const after = structuredClone(podSpec);
  const list = container.init ? 'initContainers' : 'containers';
  const at = after[list][Number(container.pointer.split('/').at(-1))];
  const resources = container.spec.resources ?? {};
  const base = `${root}${container.pointer}/resources`;
  at.resources = { ...resources, requests: { ...resources.requests, [resource]: text } };
  // Of what cannot be shared out beyond what there is, request and limit are equal.
  const both = resource.includes('/') || resource.startsWith('hugepages-');
  const lists = (both ? ['requests', 'limits'] : ['requests']).filter(
    (each) => resources[each]?.[resource] !== undefined,
  );
  if (lists.length > 0) {
    const ops = lists.flatMap((each): PatchOp[] => {
      at.resources[each] = { ...resources[each], [resource]: text };
      const path = `${base}/${each}/${pointerToken(resource)}`;
      return [
        { op: 'test', path, value: resources[each][resource] },
        { op: 'replace', path, value: text },
      ];
    });
    return { ops, podSpec: after };
  }
  const path = `${base}/requests/${pointerToken(resource)}`;
  const guard: PatchOp = { op: 'test', path: `${base}/limits`, value: resources.limits };
  if (resources.requests) return { ops: [guard, { op: 'add', path, value: text }], podSpec: after };
  return { ops: [guard, { op: 'add', path: `${base}/requests`, value: { [resource]: text } }], podSpec: after };
}
