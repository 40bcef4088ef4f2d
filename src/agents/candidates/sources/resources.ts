import type { PatchOp } from '../../../domain/change.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { isServed, lastEnd, podContainers } from '../../../kube/container-trouble.ts';
import { allocatableOf, podRequests } from '../../../kube/placement/pod-requests.ts';
import { containersOf, podTemplateOf } from '../../../kube/pod-template.ts';
import type { ContainerSpec } from '../../../kube/pod-template.ts';
import { mistakenMemory, quantity } from '../../../kube/quantity.ts';
import { refusalOf } from '../../../kube/refusals.ts';
import { resourceProblem, resourceRules } from '../../../kube/resource-rules.ts';
import { pointerToken } from '../../../json/stable-json.ts';
import { spelledQuantity } from '../../../text/quantity.ts';
import { untrustedLine } from '../../../text/redact.ts';
import { containerPatch } from '../../playbooks/clues/patches/container-patch.ts';
import { waitsForNode } from '../../playbooks/clues/placement/unplaced.ts';
import { evidence } from '../../playbooks/engine/analyzer.ts';
import type { ActionDraft, CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf, shown } from '../scene/draft.ts';
import { isPatchable, setAt, templateChanges } from '../scene/template-patch.ts';

type Side = 'requests' | 'limits';

/** Values offered per amount. */
const MAX_VALUES = 3;

/** Requests and limits with which containers are killed, find no node, or are refused. */
export function resources({ view, focus }: Scene): CauseDraft[] {
  return focus.workloads
    .filter((workload) => isPatchable(view, workload))
    .flatMap((workload) => [...tooLittle(view, workload), ...tooMuch(view, workload), ...refused(view, workload)]);
}

function tooLittle(view: ClusterView, workload: KubeObject): CauseDraft[] {
  const killed = new Map<string, ContainerSpec>();
  for (const { own, status, pod } of podContainers(view, workload)) {
    const told = `${status?.state?.waiting?.message ?? ''} ${lastEnd(status)?.message ?? ''}`;
    const oom = lastEnd(status)?.reason === 'OOMKilled' || /OOM|memory limit too low/i.test(told);
    const unstarted =
      status?.state?.waiting &&
      view.eventsOf(pod).some(({ message }) => /no space left|memory limit too low|OOM/i.test(message));
    if (own && (oom || unstarted)) killed.set(own.name, own);
  }
  return [...killed.values()].map((container) => {
    const now: unknown = container.spec?.resources?.limits?.memory;
    const bytes = quantity(now) ?? 0;
    const values = [
      ...(mistakenMemory(now) === null ? [] : [[`${parseFloat(String(now))}Mi`, 0.75] as const]),
      ...siblingAmounts(view, workload, container, 'limits', 'memory')
        .filter((value) => (quantity(value) ?? 0) > bytes)
        .map((value) => [value, 0.6] as const),
      ...[2, 4].map(
        (factor) =>
          [spelledQuantity(Math.max(bytes * factor, LEAST_BYTES * factor), 'memory'), 0.55 - factor * 0.02] as const,
      ),
    ];
    const text = `container ${container.name} of ${nameOf(workload)} was killed for its memory: its limit is ${shown(now)}`;
    return {
      object: workload,
      what: `${container.name} memory`,
      text,
      evidence: [
        evidence(
          'spec',
          workload,
          `${podTemplateOf(workload)!.field}.${container.place}.resources.limits.memory`,
          text,
        ),
      ],
      score: isServed(view, workload) ? 0.5 : 0.75,
      actions: distinct(values).map(([value, score]) =>
        draft(view, workload, container, [['limits', 'memory', value]], score, 'is no longer killed for its memory'),
      ),
    };
  });
}

/** Below this no common runtime starts. */
const LEAST_BYTES = 64 * 2 ** 20;

/** Requests that keep pods off every node. */
function tooMuch(view: ClusterView, workload: KubeObject): CauseDraft[] {
  const pod = view.podsOf(workload).find(waitsForNode);
  const nodes = view.all('Node').map(allocatableOf);
  if (!pod || nodes.length === 0) return [];
  const asked = podRequests(pod.spec);
  return Object.entries(asked).flatMap(([resource, amount]): CauseDraft[] => {
    const most = Math.max(0, ...nodes.map((node) => node[resource] ?? 0));
    const event = view
      .eventsOf(pod)
      .find(({ reason, message }) => reason === 'FailedScheduling' && message.includes(`Insufficient ${resource}`));
    if (amount <= most && !event) return [];
    const containers = containersOf(podTemplateOf(workload)!.spec).filter(
      ({ spec }) =>
        spec?.resources?.requests?.[resource] !== undefined || spec?.resources?.limits?.[resource] !== undefined,
    );
    const text = `pods of ${nameOf(workload)} ask for ${shown(spelledQuantity(amount, resource))} ${resource}; the largest node has ${shown(spelledQuantity(most, resource))}`;
    return [
      {
        object: workload,
        what: `request ${resource}`,
        text,
        evidence: [
          evidence(
            'spec',
            workload,
            `${podTemplateOf(workload)!.field}.containers[].resources.requests.${resource}`,
            text,
          ),
        ],
        score: amount > most ? 0.85 : 0.6,
        actions: containers.flatMap((container) => {
          const now =
            quantity(
              container.spec?.resources?.requests?.[resource] ?? container.spec?.resources?.limits?.[resource],
            ) ?? 0;
          const written = String(container.spec?.resources?.requests?.[resource] ?? '');
          const values: (readonly [string | undefined, number])[] = [
            // Cores that were meant as thousandths.
            ...(resource === 'cpu' && /^\d{2,}$/.test(written) ? [[`${written}m`, 0.7] as const] : []),
            ...siblingAmounts(view, workload, container, 'requests', resource)
              .filter((value) => (quantity(value) ?? 0) < now)
              .map((value) => [value, 0.6] as const),
            ...(/cpu|memory|storage/.test(resource)
              ? [
                  [spelledQuantity(Math.min(now, most) / 4, resource), 0.45] as const,
                  [spelledQuantity(Math.min(now, most) / 10, resource), 0.4] as const,
                ]
              : [[undefined, 0.55] as const]),
          ];
          return distinct(values).map(([value, score]) => {
            const limit: unknown = container.spec?.resources?.limits?.[resource];
            const both = resource.includes('/') && limit !== undefined;
            const sides: [Side, string, string | undefined][] = [['requests', resource, value]];
            if (both) sides.push(['limits', resource, value]);
            return draft(view, workload, container, sides, score, 'finds a node');
          });
        }),
      },
    ];
  });
}

/** Amounts that the server refuses for what a quota or limit range says, which itself is left alone. */
function refused(view: ClusterView, workload: KubeObject): CauseDraft[] {
  const refusal = refusalOf(view, workload);
  if (!refusal) return [];
  const rules = resourceRules(view, workload.metadata.namespace);
  const { spec } = podTemplateOf(workload)!;
  const problem = resourceProblem(spec, rules, 1);
  const text = `the server refuses pods of ${nameOf(workload)}: ${untrustedLine(refusal.message, 120)}`;
  const actions = containersOf(spec).flatMap((container) =>
    (['cpu', 'memory'] as const).flatMap((resource) =>
      distinct(
        siblingAmounts(view, workload, container, 'requests', resource).map((value) => [value, 0.5] as const),
      ).flatMap(([request, score]): ActionDraft[] => {
        const limit = siblingAmounts(view, workload, container, 'limits', resource)[0] ?? request;
        const sides: [Side, string, string][] = [
          ['requests', resource, request],
          ['limits', resource, (quantity(limit) ?? 0) < (quantity(request) ?? 0) ? request : limit],
        ];
        const action = draft(view, workload, container, sides, score, 'is let in');
        const better = problem !== null && wouldPass(workload, container, sides, rules);
        return action.changes.length === 0 ? [] : [{ ...action, score: better ? 0.7 : score * 0.7 }];
      }),
    ),
  );
  actions.push(...amountsLetIn(view, workload, refusal.message, rules));
  return [
    {
      object: workload,
      what: 'refused',
      text,
      evidence: [evidence('event', refusal.maker, null, untrustedLine(refusal.message))],
      score: 0.8,
      actions,
    },
  ];
}

/** Common amounts, smallest first, with which every container names what quotas and ranges want of it, if the server lets one in. */
function amountsLetIn(
  view: ClusterView,
  workload: KubeObject,
  message: string,
  rules: ReturnType<typeof resourceRules>,
): ActionDraft[] {
  const containers = containersOf(podTemplateOf(workload)!.spec);
  return (['cpu', 'memory'] as const)
    .filter((resource) => message.includes(resource))
    .flatMap((resource) =>
      containers.flatMap((container): ActionDraft[] => {
        const held = container.spec?.resources;
        const own = [held?.requests?.[resource], held?.limits?.[resource]]
          .filter((value) => value !== undefined)
          .map(String);
        const limits = rules.ranges.flatMap(({ spec }) => (Array.isArray(spec?.limits) ? spec.limits : []));
        const named = limits
          .flatMap((item) =>
            ['min', 'defaultRequest', 'default', 'max'].flatMap((side) => item?.[side]?.[resource] ?? []),
          )
          .map(String);
        const amounts = [...new Set([...own, ...named, ...COMMON[resource]])];
        const found = amounts
          .map((amount): [Side, string, string][] => [
            ['requests', resource, amount],
            ['limits', resource, amount],
          ])
          .filter((sides) => wouldPass(workload, container, sides, rules))
          .slice(0, 2);
        return found.map((sides, rank) => draft(view, workload, container, sides, 0.6 - rank * 0.1, 'is let in'));
      }),
    );
}

const COMMON = { cpu: ['50m', '100m', '200m', '500m'], memory: ['64Mi', '128Mi', '256Mi', '512Mi'] };

function wouldPass(
  workload: KubeObject,
  container: ContainerSpec,
  sides: [Side, string, string][],
  rules: ReturnType<typeof resourceRules>,
): boolean {
  const spec = structuredClone(podTemplateOf(workload)!.spec);
  const own = containersOf(spec).find(({ name }) => name === container.name)!.spec;
  for (const [side, resource, value] of sides) ((own.resources ??= {})[side] ??= {})[resource] = value;
  return resourceProblem(spec, rules, 1) === null;
}

/** What other containers have, those with the same image first, then by how many have it. */
function siblingAmounts(
  view: ClusterView,
  workload: KubeObject,
  container: ContainerSpec,
  side: Side,
  resource: string,
): string[] {
  const counts = new Map<string, number>();
  for (const other of view.workloads()) {
    if (other === workload || other.metadata.namespace !== workload.metadata.namespace) continue;
    for (const each of containersOf(podTemplateOf(other)?.spec)) {
      const value: unknown = each.spec?.resources?.[side]?.[resource];
      if (value === undefined || value === null) continue;
      counts.set(String(value), (counts.get(String(value)) ?? 0) + (each.image === container.image ? 100 : 1));
    }
  }
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([value]) => value);
}

function distinct<T>(values: readonly (readonly [T, number])[]): (readonly [T, number])[] {
  return values.filter(([value], at) => values.findIndex(([other]) => other === value) === at).slice(0, MAX_VALUES);
}

function draft(
  view: ClusterView,
  workload: KubeObject,
  container: ContainerSpec,
  sides: readonly [Side, string, string | undefined][],
  score: number,
  outcome: string,
): ActionDraft {
  const { root, guard } = containerPatch(workload, container);
  const held = container.spec?.resources;
  const ops: PatchOp[] = [];
  for (const [side, resource, value] of sides) {
    const now: unknown = held?.[side]?.[resource];
    if (now === value) continue;
    const path = `${root}/resources`;
    if (held === undefined && !ops.some((op) => op.path === path)) ops.push({ op: 'add', path, value: {} });
    if (held?.[side] === undefined && value !== undefined && !ops.some((op) => op.path === `${path}/${side}`))
      ops.push({ op: 'add', path: `${path}/${side}`, value: {} });
    ops.push(...setAt(`${path}/${side}/${pointerToken(resource)}`, now, value));
  }
  const words = sides.map(
    ([side, resource, value]) => `${side}.${resource} ${shown(held?.[side]?.[resource])} → ${shown(value)}`,
  );
  return {
    changes: ops.length === 0 ? [] : templateChanges(view, workload, [guard, ...ops]),
    text: `set ${words.join(', ')} of container ${container.name} of ${nameOf(workload)}`,
    origin: 'sibling',
    score,
    expects: `${nameOf(workload)} ${outcome}`,
  };
}
