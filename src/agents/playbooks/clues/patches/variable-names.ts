import { stableJson } from '../../../../json/stable-json.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { containersOf } from '../../../../kube/pod-template.ts';

const NAMES_SHOWN = 4;
const LONGEST_NAME = 60;

/**
 * Names of the variables that differ between two states of a pod spec, those that only the former one has first; their
 * values are left out. Bounded; empty where no environment differs, or not by name.
 * @param pointers what differs, below the pod spec
 */
export function differingVariables(pointers: readonly string[], now: Untyped, before: Untyped): string[] {
  const places = new Set(pointers.flatMap((pointer) => /^(\/\w+\/\d+)\/env(?:\/|$)/.exec(pointer)?.[1] ?? []));
  const names = [...places].flatMap((place) => {
    const [then, here] = [before, now].map((spec) => variablesAt(spec, place)) as [Variables, Variables];
    const all = [...new Set([...then.keys(), ...here.keys()])].filter((name) => then.get(name) !== here.get(name));
    return all.sort((a, b) => Number(here.has(a)) - Number(here.has(b)));
  });
  const distinct = [...new Set(names)].map((name) => name.slice(0, LONGEST_NAME));
  const more = distinct.length - NAMES_SHOWN;
  return more > 0 ? [...distinct.slice(0, NAMES_SHOWN), `${more} more`] : distinct;
}

type Variables = Map<string, string>;

function variablesAt(podSpec: Untyped, place: string): Variables {
  const env: unknown = containersOf(podSpec).find(({ pointer }) => pointer === place)?.spec?.env;
  const list = (Array.isArray(env) ? env : []) as { name?: unknown }[];
  return new Map(list.flatMap((one) => (typeof one?.name === 'string' ? [[one.name, stableJson(one)]] : [])));
}
