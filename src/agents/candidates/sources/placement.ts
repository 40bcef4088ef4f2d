import type { PatchOp } from '../../../domain/change.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { fittingNodes, placementOf, requirementsOf } from '../../../kube/node-fit.ts';
import { hostPortsOf } from '../../../kube/placement/host-ports.ts';
import { CORDON_TAINT, isStanding, keepingOff, taintsOf, taintText } from '../../../kube/placement/taints.ts';
import { containersOf, podTemplateOf } from '../../../kube/pod-template.ts';
import { isLiving } from '../../../kube/pods.ts';
import { pointerToken } from '../../../json/stable-json.ts';
import { listOf } from '../../../kube/untyped-list.ts';
import { nameSimilarity } from '../../playbooks/clues/names/similar-names.ts';
import { waitsForNode } from '../../playbooks/clues/placement/unplaced.ts';
import { evidence } from '../../playbooks/engine/analyzer.ts';
import { jsonPatch } from '../../playbooks/engine/changes.ts';
import type { ActionDraft, CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf, shown } from '../scene/draft.ts';
import { isPatchable, setInTemplate, templateChanges } from '../scene/template-patch.ts';

/** Values offered in place of one that no node has. */
const MAX_VALUES = 3;

/** What keeps pods off the nodes: cordons and taints, and demands of the pods that no node meets. */
export function placement({ view, focus }: Scene): CauseDraft[] {
  const waiting = focus.workloads.flatMap((workload) => {
    const pod = view.podsOf(workload).find(waitsForNode);
    return pod ? [{ workload, pod }] : [];
  });
  if (!view.known('Node')) return [];
  const cordons = waiting.length > 0 ? view.all('Node').flatMap((node) => closed(node, waiting)) : [];
  return [
    ...cordons,
    ...waiting.filter(({ workload }) => isPatchable(view, workload)).flatMap((each) => demands(view, each)),
  ];
}

interface Waiting {
  workload: KubeObject;
  pod: KubeObject;
}

function closed(node: KubeObject, waiting: readonly Waiting[]): CauseDraft[] {
  const { name } = node.metadata;
  const fits = waiting.filter(({ pod }) => fittingNodes([node], placementOf(pod.spec)).length > 0);
  if (fits.length === 0) return [];
  const drafts: CauseDraft[] = [];
  if (node.spec?.unschedulable === true)
    drafts.push({
      object: node,
      what: 'cordon',
      text: `Node ${name} is cordoned, and pods of ${fits
        .map(({ workload }) => nameOf(workload))
        .slice(0, 3)
        .join(', ')} wait for a node`,
      evidence: [evidence('spec', node, 'spec.unschedulable', `node ${name} takes no new pods`)],
      score: 0.75,
      actions: [
        {
          // Written to the field, so that it can be guarded by what is there now.
          changes: [
            jsonPatch(node, [
              { op: 'test', path: '/spec/unschedulable', value: true },
              { op: 'remove', path: '/spec/unschedulable' },
            ]),
          ],
          text: `uncordon Node ${name}, so that it takes pods again`,
          origin: 'generic',
          score: 0.7,
          expects: `waiting pods are placed on node ${name}`,
        },
      ],
    });
  for (const taint of taintsOf(node)) {
    const kept = fits.filter(({ pod }) => keepingOff(node, pod.spec).includes(taint));
    if (kept.length === 0 || isStanding(taint) || taint.key === CORDON_TAINT) continue;
    const index = taintsOf(node).indexOf(taint);
    const path = `/spec/taints/${index}`;
    drafts.push({
      object: node,
      what: `taint ${taint.key}`,
      text: `Node ${name} has taint ${taintText(taint)}, which pods of ${kept
        .map(({ workload }) => nameOf(workload))
        .slice(0, 3)
        .join(', ')} do not tolerate`,
      evidence: [evidence('spec', node, 'spec.taints', taintText(taint))],
      score: 0.6,
      actions: [
        {
          changes: [
            jsonPatch(node, [
              { op: 'test', path, value: taint },
              { op: 'remove', path },
            ]),
          ],
          text: `take taint ${taintText(taint)} off Node ${name}`,
          origin: 'generic',
          score: 0.5,
          expects: `waiting pods are placed on node ${name}`,
        },
      ],
    });
  }
  return drafts;
}

function demands(view: ClusterView, { workload, pod }: Waiting): CauseDraft[] {
  const { spec, field } = podTemplateOf(workload)!;
  const nodes = view.all('Node');
  const drafts: CauseDraft[] = [];
  const add = (what: string, text: string, score: number, actions: ActionDraft[]) =>
    drafts.push({
      object: workload,
      what,
      text,
      evidence: [evidence('spec', workload, `${field}.${what}`, text)],
      score,
      actions,
    });
  const draft = (text: string, ops: PatchOp[], score: number): ActionDraft => ({
    changes: templateChanges(view, workload, ops),
    text,
    origin: 'reference',
    score,
    expects: `a node takes the pods of ${nameOf(workload)}`,
  });
  for (const [key, value] of Object.entries((spec?.nodeSelector ?? {}) as Record<string, string>)) {
    if (nodes.some(({ metadata }) => metadata.labels?.[key] === value)) continue;
    const pointer = `/nodeSelector/${pointerToken(key)}`;
    const actions = valuesOf(nodes, key, value).map(([other, score]) =>
      draft(
        `set nodeSelector ${key} of ${nameOf(workload)}: ${shown(value)} → ${shown(other)}`,
        setInTemplate(workload, pointer, value, other),
        score,
      ),
    );
    const alone = Object.keys(spec.nodeSelector).length === 1;
    actions.push(
      draft(
        `take nodeSelector ${key}=${shown(value)} off ${nameOf(workload)}`,
        alone
          ? setInTemplate(workload, '/nodeSelector', spec.nodeSelector, undefined)
          : setInTemplate(workload, pointer, value, undefined),
        0.5,
      ),
    );
    add(
      `nodeSelector.${key}`,
      `${nameOf(workload)} demands nodes with ${key}=${shown(value)}, and none has it`,
      0.85,
      actions,
    );
  }
  if (spec?.nodeName && !view.find('Node', undefined, spec.nodeName)) {
    const text = `${nameOf(workload)} demands node ${spec.nodeName}, which does not exist`;
    add('nodeName', text, 0.85, [
      draft(
        `take nodeName off ${nameOf(workload)}`,
        setInTemplate(workload, '/nodeName', spec.nodeName, undefined),
        0.7,
      ),
    ]);
  }
  affinities(workload, nodes, draft, add);
  const { affinity } = spec ?? {};
  for (const kind of ['podAffinity', 'podAntiAffinity'] as const) {
    const required: unknown = affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution;
    if (listOf(required).length === 0) continue;
    const pointer = `/affinity/${kind}/requiredDuringSchedulingIgnoredDuringExecution`;
    const terms = listOf(required).map((term) => ({ weight: 100, podAffinityTerm: term as unknown }));
    const wished = '/affinity/' + kind + '/preferredDuringSchedulingIgnoredDuringExecution';
    const before: unknown = affinity[kind].preferredDuringSchedulingIgnoredDuringExecution;
    const ops = [
      ...setInTemplate(workload, pointer, required, undefined),
      ...setInTemplate(workload, wished, before, [...listOf(before), ...terms]),
    ];
    add(kind, `${nameOf(workload)} demands ${kind} that may leave no node`, 0.45, [
      draft(`make the required ${kind} of ${nameOf(workload)} a preference`, ops, 0.4),
    ]);
  }
  for (const port of hostPortsOf(spec)) {
    const holder = view
      .all('Pod')
      .find(
        (other) =>
          isLiving(other) &&
          other.spec?.nodeName &&
          view.workloadOf(other) !== workload &&
          hostPortsOf(other.spec).some((each) => each.port === port.port),
      );
    if (!holder) continue;
    const container = containersOf(spec).find(({ name }) => name === port.container);
    const index = listOf(container?.spec?.ports).findIndex((each) => each?.hostPort === port.port);
    const ops =
      container && index >= 0
        ? setInTemplate(workload, `${container.pointer}/ports/${index}/hostPort`, port.port, undefined)
        : [];
    add(
      `hostPort ${port.port}`,
      `${nameOf(workload)} asks for host port ${port.port}, which pod ${holder.metadata.name} has`,
      0.7,
      [draft(`take hostPort ${port.port} off container ${port.container} of ${nameOf(workload)}`, ops, 0.5)],
    );
  }
  // What admission or its controller gave the pod is not the template's.
  return drafts.filter(({ actions }) => actions.length > 0 && pod.spec !== undefined);
}

function affinities(
  workload: KubeObject,
  nodes: readonly KubeObject[],
  draft: (text: string, ops: PatchOp[], score: number) => ActionDraft,
  add: (what: string, text: string, score: number, actions: ActionDraft[]) => void,
): void {
  const { spec } = podTemplateOf(workload)!;
  const root = '/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution';
  const terms = placementOf(spec).terms ?? [];
  terms.forEach((term, at) => {
    for (const { list, index, requirement } of requirementsOf(term)) {
      const { key, operator, values } = requirement as { key: string; operator: string; values?: string[] };
      if (list !== 'matchExpressions' || operator !== 'In' || !values) continue;
      if (nodes.some(({ metadata }) => values.includes(metadata.labels?.[key] ?? ''))) continue;
      const pointer = `${root}/nodeSelectorTerms/${at}/matchExpressions/${index}`;
      const actions = valuesOf(nodes, key, values[0] ?? '').map(([other, score]) =>
        draft(
          `set node affinity ${key} of ${nameOf(workload)}: ${shown(values)} → ${shown(other)}`,
          setInTemplate(workload, `${pointer}/values`, values, [other]),
          score,
        ),
      );
      const whole = terms.length === 1 && requirementsOf(term).length === 1;
      const gone = whole
        ? setInTemplate(
            workload,
            root,
            spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution,
            undefined,
          )
        : setInTemplate(workload, pointer, requirement, undefined);
      actions.push(draft(`take node affinity ${key} in ${shown(values)} off ${nameOf(workload)}`, gone, 0.5));
      add(
        `affinity ${key}`,
        `${nameOf(workload)} demands nodes with ${key} in ${shown(values)}, and none has it`,
        0.8,
        actions,
      );
    }
  });
}

function valuesOf(nodes: readonly KubeObject[], key: string, wanted: string): [string, number][] {
  const values = [...new Set(nodes.flatMap(({ metadata }) => metadata.labels?.[key] ?? []))];
  return values
    .map((value): [string, number] => [value, 0.4 + 0.4 * nameSimilarity(wanted, value)])
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, MAX_VALUES);
}
