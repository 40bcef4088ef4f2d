import type { KubeObject } from '../../judge/api.ts';
import { differences } from '../../judge/normalise.ts';
import type { Effects, ProposedAction } from './effects.ts';
import { effectsOf } from './effects.ts';
import type { ObjectTruth, Truth } from './truth.ts';
import { templateOf } from './truth.ts';

/**
 * What the catalogue says of a proposed action, without carrying it out:
 * - `restores`: every object of the true repair is left as that leaves it, or as it was before the fault
 * - `near`: a field of the fault or of its repair is given another value, which may do or not (a raised limit, say)
 * - `aside`: only objects that an honest repair may change are changed, none of them where it matters
 * - `beside`: it changes something that has nothing to do with the incident, or nothing at all
 */
export type ActionVerdict = 'restores' | 'near' | 'aside' | 'beside';

export function judgeAction(action: ProposedAction, truth: Truth): ActionVerdict {
  const effects = effectsOf(action, truth);
  const touched = [...effects.objects.keys(), ...effects.restarted];
  if (touched.length === 0) return effects.actions.some((name) => truth.allows.includes(name)) ? 'restores' : 'beside';
  if (touched.some((key) => !isAllowed(key, effects, truth))) return 'beside';
  if (effects.actions.some((name) => truth.allows.includes(name))) return 'restores';
  if (restores(truth.repaired, truth.healed, effects, truth) || undoes(effects, truth)) return 'restores';
  return isNear(effects, truth) ? 'near' : 'aside';
}

/** Pods of what may be changed may be made anew. */
function isAllowed(key: string, { created }: Effects, { mayChange, mayCreate }: Truth): boolean {
  const [kind = '', , ...name] = key.split('/');
  const plain = kind.split('.')[0]!;
  if (created.has(key) && mayCreate.includes(plain)) return true;
  if (mayChange.includes(`${plain}/${name.join('/')}`)) return true;
  return plain === 'Pod' && mayChange.some((one) => name.join('/').startsWith(`${one.slice(one.indexOf('/') + 1)}-`));
}

/** As before the fault; only where the fault changed objects that a repair may change. */
function undoes(effects: Effects, truth: Truth): boolean {
  const own = truth.injected.filter(({ key }) => isAllowed(key, effects, truth));
  return own.length > 0 && own.length === truth.injected.length && restores(own, truth.base, effects, truth);
}

function restores(
  wanted: readonly ObjectTruth[],
  goal: Readonly<Record<string, KubeObject>>,
  effects: Effects,
  truth: Truth,
): boolean {
  const matters = wanted.filter(({ how, fields, restarted }) => how !== 'changed' || fields.length > 0 || restarted);
  if (matters.length === 0) return false;
  return matters.every(({ key, how, fields, restarted }) => {
    const left = effects.objects.has(key) ? effects.objects.get(key) : truth.faulty[key];
    if (how === 'gone') return left === null;
    if (how === 'appeared') return !!left;
    if (fields.length === 0) return restarted ? effects.restarted.has(key) || hasDeletedPods(key, effects) : true;
    return (
      !!left &&
      !!goal[key] &&
      sameWhereItMatters(
        left,
        goal[key],
        fields.map(({ path }) => path),
        truth,
      )
    );
  });
}

function hasDeletedPods(key: string, { objects }: Effects): boolean {
  const [, namespace = '', name = ''] = key.split('/');
  return [...objects].some(([one, left]) => left === null && one.startsWith(`Pod/${namespace}/${name}-`));
}

function sameWhereItMatters(left: KubeObject, goal: KubeObject, paths: readonly string[], truth: Truth): boolean {
  const plain = (object: KubeObject) =>
    object.spec?.template
      ? { ...object, spec: { ...object.spec, template: templateOf(object.spec.template) } }
      : object;
  return differences(plain(left), plain(goal))
    .filter(({ path }) => paths.some((one) => isWithin(path, one) || isWithin(one, path)))
    .every(({ path, before, after }) => isAlike(path, before, after, goal, truth));
}

const isWithin = (inner: string, outer: string): boolean =>
  inner === outer || inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`);

/** Two spellings of one thing. */
function isAlike(path: string, one: unknown, other: unknown, goal: KubeObject, { faulty }: Truth): boolean {
  if (String(one) === String(other) && one !== undefined && other !== undefined) return true;
  if (!path.endsWith('.targetPort') || goal.kind !== 'Service') return false;
  // A port of the pods by name or by number.
  const named = Object.values(faulty)
    .flatMap(
      ({ spec }) =>
        (spec?.template?.spec?.containers ?? []) as { ports?: { name?: string; containerPort: number }[] }[],
    )
    .flatMap(({ ports = [] }) => ports);
  return named.some(
    ({ name, containerPort }) =>
      (name === one && containerPort === Number(other)) || (name === other && containerPort === Number(one)),
  );
}

function isNear(effects: Effects, truth: Truth): boolean {
  const places = [...truth.repaired, ...truth.injected];
  if (places.some(({ key, restarted }) => restarted && effects.restarted.has(key))) return true;
  return [...effects.objects].some(([key, left]) => {
    const mine = places.filter((one) => one.key === key);
    if (left === null || !truth.faulty[key]) return mine.some(({ how, renewed }) => how !== 'changed' || renewed);
    const paths = mine.flatMap(({ fields }) => fields.map(({ path }) => path));
    return differences(truth.faulty[key], left).some(({ path }) =>
      paths.some((one) => isWithin(path, one) || isWithin(one, path)),
    );
  });
}
