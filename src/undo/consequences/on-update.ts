import type { KubeObject } from '../../domain/kube-object.ts';
import { COPIED } from './table/apps.ts';
import { refLabel } from '../../domain/kube-object.ts';
import { canonicalJson } from '../../json/canonical-json.ts';
import type { Json } from '../../json/json.ts';
import type { Segment } from '../difference.ts';
import { difference, pointer } from '../difference.ts';
import type { ForecastInput } from '../forecast.ts';
import { withoutServerFields } from '../normalise.ts';
import type { Effect } from './effect.ts';
import { comesBack, isLost, oneWay, staysBehind, unknown } from './effect.ts';
import type { ClusterFacts } from './facts.ts';
import type { LookName } from './field-rule.ts';
import { ALL_LOOKS } from './looks/all-looks.ts';
import { lookAtFinalizers, ownersExist } from './looks/owners.ts';
import { rulesOfChange } from './lookup.ts';
import { effectsOfCreate } from './on-create.ts';

/** Every changed field by its rule; a field without one, and any of a custom resource, is unknown. */
export async function effectsOfUpdate(
  input: ForecastInput,
  before: KubeObject,
  after: KubeObject,
  facts: ClusterFacts,
): Promise<Effect[]> {
  const { ref, builtIn, statusIsContent = false, createdHere } = input;
  if (before.metadata.deletionTimestamp) return [oneWay(`${refLabel(ref)} is being deleted`)];
  if (createdHere) return effectsOnOwn(input, before, after, facts);
  const [old, now] = [withoutServerFields(before, statusIsContent), withoutServerFields(after, statusIsContent)];
  const changes = difference(old, now);
  if (changes.length === 0) return [];
  if (!builtIn)
    return effectsOnCustom(
      input,
      before,
      after,
      changes.map(({ path }) => path),
      facts,
    );
  const effects: Effect[] = [];
  const looks = new Map<LookName, { paths: Segment[][]; what: string }>();
  for (const change of changes) {
    for (const { path, rule } of rulesOfChange(ref.apiVersion, ref.kind, change)) {
      const field = pointer(path, old, now);
      if (!rule) {
        effects.push(
          unknown(
            `what ${ref.kind} ${field} does is not known: whether its former value brings all back is not, either`,
          ),
        );
        // Copied whatever it means.
        if (ref.kind === 'Deployment' && path[0] === 'metadata' && path[1] === 'annotations')
          looks.set('copies', { paths: [...(looks.get('copies')?.paths ?? []), path], what: COPIED });
      } else if (rule.act === 'immutable') effects.push(oneWay(`${field} of a ${ref.kind} cannot be changed back`));
      else if (rule.act === 'one-way') effects.push(oneWay(rule.why));
      else if (rule.act === 'controllers' && rule.back === 'look') {
        const known = looks.get(rule.look);
        looks.set(rule.look, { paths: [...(known?.paths ?? []), path], what: known?.what ?? rule.what });
      } else if (rule.act === 'controllers')
        effects.push({ itself: comesBack, lost: isLost, stays: staysBehind }[rule.back](rule.what, ref));
    }
  }
  for (const [name, { paths, what }] of looks)
    effects.push(...(await ALL_LOOKS[name]({ ref, before, after, paths, what }, facts)));
  if (input.autoscaler && looks.has('scale'))
    effects.push(comesBack(`the number of replicas belongs to ${refLabel(input.autoscaler)}`, ref));
  return effects;
}

/** What its operator does because of the change nobody here can know; garbage collection is the same for every kind. */
async function effectsOnCustom(
  { ref }: ForecastInput,
  before: KubeObject,
  after: KubeObject,
  paths: Segment[][],
  facts: ClusterFacts,
): Promise<Effect[]> {
  const touches = (field: string) => paths.some((path) => path[0] === 'metadata' && path[1] === field);
  const change = { ref, before, after, paths, what: '' };
  return [
    unknown(`${refLabel(ref)} is a custom resource: its content comes back, what its operator does meanwhile may not`),
    ...(touches('ownerReferences') ? await ownersExist(ref, after.metadata.ownerReferences ?? [], facts) : []),
    ...(touches('finalizers') ? await lookAtFinalizers(change, facts) : []),
  ];
}

/**
 * It did not exist at the checkpoint: the undo removes it as a whole. What is left is what its existence brings about as it
 * is now, and did not as it was: told of its creation, or of an earlier change, already.
 */
async function effectsOnOwn(
  input: ForecastInput,
  before: KubeObject,
  after: KubeObject,
  facts: ClusterFacts,
): Promise<Effect[]> {
  const [told, now] = await Promise.all([before, after].map((object) => effectsOfCreate(input, object, facts)));
  const known = new Set(told!.map(keyOf));
  const owners = await ownersExist(input.ref, after.metadata.ownerReferences ?? [], facts);
  return [...owners, ...now!.filter((effect) => !known.has(keyOf(effect)))];
}

const keyOf = (effect: Effect): string => canonicalJson(effect as unknown as Json);
