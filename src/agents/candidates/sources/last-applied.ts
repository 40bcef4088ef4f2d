import { LAST_APPLIED_FIELD } from '../../../kube/pod-template.ts';
import { autoscalersOf } from '../../../kube/scalers.ts';
import { driftOf, guardedOps, placesOf } from '../../playbooks/clues/former/applied-drift.ts';
import { readersOf, restartOf } from '../../playbooks/clues/settings/setting-change.ts';
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
/** Longest patch, in characters, that is offered: a command has to hold it. */
const LONGEST = 20_000;

/** Objects that are not as they were last applied: somebody changed them by hand, or another program did. */
export function againstLastApplied({ view, focus }: Scene): CauseDraft[] {
  return Object.entries(FIELDS).flatMap(([kind, fields]) =>
    view.all(kind).flatMap((object) => {
      if (!isOwnNamespace(view, object)) return [];
      return fields.flatMap(([field, likelihood]) => {
        const found = driftOf(object, field).filter(
          ({ pointer }) => !(pointer === '/spec/replicas' && autoscalersOf(object, view.snapshot).length > 0),
        );
        const recent = focus.isRecent(object) ? 1 : 0.9;
        const groups = Map.groupBy(found, ({ pointer }) => groupOf(kind, pointer));
        const whole = groups.size > 1 && groups.size <= MAX_GROUPS ? [found] : [];
        return [...[...groups.values()].slice(0, MAX_GROUPS), ...whole].flatMap((differences, index): CauseDraft[] => {
          const ops = guardedOps(object, differences);
          if (JSON.stringify(ops).length > LONGEST) return [];
          const all = index >= groups.size;
          const score = likelihood * recent - (all ? 0.05 : 0);
          const [first] = differences;
          const change = `${shown(first!.now)} → ${shown(first!.before)}`;
          const place = placesOf(differences);
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

/** Keys of a ConfigMap and entries of a list each stand for themselves. */
function groupOf(kind: string, pointer: string): string {
  const steps = pointer.split('/');
  return steps.slice(0, kind === 'ConfigMap' || steps[2] !== 'selector' ? 5 : 3).join('/');
}
