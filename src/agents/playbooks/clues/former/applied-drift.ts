import type { PatchOp } from '../../../../domain/change.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { isMap } from '../../../../json/json-map.ts';
import { stableJson } from '../../../../json/stable-json.ts';
import { lastApplied } from '../../../../kube/pod-template.ts';
import type { Difference } from '../patches/field-difference.ts';
import { differencesOf, restoringOps } from '../patches/field-difference.ts';

/** Maps of free keys: what was not applied in one of them was put there by somebody, not by the server. */
const FREE_MAPS = /^\/(?:data|spec\/selector)(?:\/|$)/;
const SELECTOR = /^\/spec\/selector(?:\/|$)/;
/** What the server decides, what cannot be changed in place, and pod templates, which are looked at by themselves. */
const LEFT_OUT = /^\/spec\/(?:template|jobTemplate|volumeClaimTemplates|serviceName|clusterIPs?|podManagementPolicy)/;

/**
 * Where a field of an object (`spec`, `data`) is not as it was last applied with kubectl: changed by hand since, or by
 * another program. What the server filled in is no difference. Empty where nothing was applied, or it cannot be changed.
 */
export function driftOf(object: KubeObject, field: string): Difference[] {
  const applied = lastApplied(object);
  if (!applied || object['immutable'] === true) return [];
  return differencesOf(object[field], applied[field], `/${field}`)
    .flatMap(refined)
    .filter(
      ({ pointer, before }) =>
        !LEFT_OUT.test(pointer) &&
        (object.kind === 'Service' || !SELECTOR.test(pointer)) &&
        (before !== undefined || FREE_MAPS.test(pointer)),
    );
}

/** What is added where nothing is cannot be guarded by a value: the object must be the one that was read. */
export function guardedOps(object: KubeObject, differences: readonly Difference[]): PatchOp[] {
  const ops = differences.flatMap((difference) => restoringOps('', difference));
  const { resourceVersion } = object.metadata;
  const unguarded = differences.some(({ now }) => now === undefined);
  return unguarded && resourceVersion !== undefined
    ? [{ op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }, ...ops]
    : ops;
}

/** `spec.selector.app, spec.ports.0.port and 2 more`. */
export function placesOf(differences: readonly Difference[]): string {
  const names = differences.map(({ pointer }) => pointer.slice(1).replaceAll('/', '.'));
  return names.slice(0, 2).join(', ') + (names.length > 2 ? ` and ${names.length - 2} more` : '');
}

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
