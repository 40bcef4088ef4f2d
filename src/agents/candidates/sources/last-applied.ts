import type { PatchOp } from '../../../domain/change.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { isMap } from '../../../json/json-map.ts';
import { stableJson } from '../../../json/stable-json.ts';
import { LAST_APPLIED_FIELD, lastApplied } from '../../../kube/pod-template.ts';
import { autoscalersOf } from '../../../kube/scalers.ts';
import type { Difference } from '../../playbooks/clues/field-difference.ts';
import { differencesOf, restoringOps } from '../../playbooks/clues/field-difference.ts';
import { readersOf, restartOf } from '../../playbooks/clues/setting-change.ts';
import { evidence } from '../../playbooks/engine/analyzer.ts';
import { jsonPatch } from '../../playbooks/engine/changes.ts';
import type { CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf, shown } from '../scene/draft.ts';
import { isOwnNamespace } from '../scene/own-namespace.ts';

/** Fields of a kind that an engineer writes, and how likely a change of them breaks something. */
const FIELDS: Record<string, [field: string, likelihood: number][]> = {
  ConfigMap: [['data', 0.75]],
  Service: [['spec', 0.8]],
  Ingress: [['spec', 0.75]],
  NetworkPolicy: [['spec', 0.75]],
  HorizontalPodAutoscaler: [['spec', 0.7]],
  CronJob: [['spec', 0.7]],
  Deployment: [['spec', 0.7]],
  StatefulSet: [['spec', 0.7]],
  DaemonSet: [['spec', 0.7]],
};
/** Maps of free keys: what was not applied in one of them was put there by somebody, not by the server. */
const FREE_MAPS = /^\/(?:data|spec\/selector)(?:\/|$)/;
const SELECTOR = /^\/spec\/selector(?:\/|$)/;
/** What the server decides, what cannot be changed in place, and pod templates, which are looked at by themselves. */
const LEFT_OUT = /^\/spec\/(?:template|jobTemplate|volumeClaimTemplates|serviceName|clusterIPs?|podManagementPolicy)/;
/** Longest patch, in characters, that is offered: a command has to hold it. */
const LONGEST = 20_000;

/** Objects that are not as they were last applied: somebody changed them by hand, or another program did. */
export function againstLastApplied({ view, focus }: Scene): CauseDraft[] {
  return Object.entries(FIELDS).flatMap(([kind, fields]) =>
    view.all(kind).flatMap((object) => {
      const applied = lastApplied(object);
      if (!applied || object['immutable'] === true || !isOwnNamespace(view, object)) return [];
      return fields.flatMap(([field, likelihood]) => {
        const found = differencesOf(object[field], applied[field], `/${field}`)
          .flatMap(refined)
          .filter(
            ({ pointer, before }) =>
              !LEFT_OUT.test(pointer) &&
              (kind === 'Service' || !SELECTOR.test(pointer)) &&
              (before !== undefined || FREE_MAPS.test(pointer)) &&
              !(pointer === '/spec/replicas' && autoscalersOf(object, view.snapshot).length > 0),
          );
        const recent = focus.isRecent(object) ? 1 : 0.9;
        const groups = Map.groupBy(found, ({ pointer }) => groupOf(kind, pointer));
        const whole = groups.size > 1 && groups.size <= MAX_GROUPS ? [found] : [];
        return [...[...groups.values()].slice(0, MAX_GROUPS), ...whole].flatMap((differences, index): CauseDraft[] => {
          const ops = guarded(object, differences);
          if (JSON.stringify(ops).length > LONGEST) return [];
          const all = index >= groups.size;
          const score = likelihood * recent - (all ? 0.05 : 0);
          const names = differences.map(({ pointer }) => pointer.slice(1).replaceAll('/', '.'));
          const [first] = differences;
          const change = `${shown(first!.now)} → ${shown(first!.before)}`;
          const place = names.slice(0, 2).join(', ') + (names.length > 2 ? ` and ${names.length - 2} more` : '');
          const readers = kind === 'ConfigMap' ? readersOf(view, object).slice(0, MAX_READERS) : [];
          return [
            {
              object,
              what: all ? 'last applied' : groupOf(kind, first!.pointer),
              text: `${nameOf(object)}: ${place} differs from what was last applied: ${change}`,
              evidence: [
                evidence('revision', object, LAST_APPLIED_FIELD, `last applied: ${place} = ${shown(first!.before)}`),
              ],
              score: score - 0.02,
              actions: [
                {
                  changes: [jsonPatch(object, ops), ...readers.flatMap((reader) => restartOf(view, reader))],
                  text: `restore ${place} of ${nameOf(object)} to what was last applied: ${change}`,
                  origin: 'earlier',
                  score,
                  expects: `${nameOf(object)} is again as it was applied, and who depends on it recovers`,
                },
              ],
            },
          ];
        });
      });
    }),
  );
}

/** Groups told per object, and readers of a ConfigMap restarted beside a change of it. */
const MAX_GROUPS = 4;
const MAX_READERS = 4;

/** A list that differs as a whole only because the server filled defaults in is no difference. */
function refined(difference: Difference): Difference[] {
  const { now, before, pointer } = difference;
  if (!Array.isArray(now) || !Array.isArray(before)) return [difference];
  if (now.length !== before.length) return [difference];
  return before.flatMap((item, index) => {
    if (!isMap(item) || !isMap(now[index])) {
      return stableJson(item) === stableJson(now[index])
        ? []
        : [{ pointer: `${pointer}/${index}`, now: now[index], before: item }];
    }
    return differencesOf(now[index], item, `${pointer}/${index}`)
      .flatMap(refined)
      .filter((each) => each.before !== undefined);
  });
}

/** Keys of a ConfigMap and entries of a list each stand for themselves. */
function groupOf(kind: string, pointer: string): string {
  const steps = pointer.split('/');
  return steps.slice(0, kind === 'ConfigMap' || steps[2] !== 'selector' ? 5 : 3).join('/');
}

/** What is added where nothing is cannot be guarded by a value: the object must be the one that was read. */
function guarded(object: KubeObject, differences: readonly Difference[]): PatchOp[] {
  const ops = differences.flatMap((difference) => restoringOps('', difference));
  const { resourceVersion } = object.metadata;
  const unguarded = differences.some(({ now }) => now === undefined);
  return unguarded && resourceVersion !== undefined
    ? [{ op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }, ...ops]
    : ops;
}
