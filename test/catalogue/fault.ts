import type { KubeObject } from '../judge/api.ts';
import type { Random } from '../judge/random.ts';
import type { Application, Member, Wish } from './application.ts';
import type { Cluster, Ref } from './cluster.ts';
import { keyOf, refOf, topLevelChanges } from './cluster.ts';

export const FAMILIES = [
  'admission',
  'batch',
  'container',
  'dns',
  'network',
  'references',
  'rights',
  'scale',
  'scheduling',
  'storage',
  'stores',
] as const;
export type Family = (typeof FAMILIES)[number];

/**
 * What a diagnosis must name for the cause to count as found: all of `names` (objects, as they are called) and one of the
 * words. It is read in the text of a finding, whatever rule it comes from.
 */
export interface Cause {
  names: readonly string[];
  word: RegExp;
}

/** One concrete break of one drawn application. */
export interface Plan {
  /** What exactly breaks, for the report. */
  what: string;
  /** Writes as a person, a rollout or another team would make them. */
  inject(cluster: Cluster): Promise<void>;
  /** The true repair by hand; proves that the symptom comes from the fault alone. */
  heal(cluster: Cluster): Promise<void>;
  /** What users would miss beside the application's own answer; "" when nothing. */
  healthy?(cluster: Cluster): Promise<string>;
  /** Alternatives; the first is the deepest. */
  causes: readonly Cause[];
  /** Keys (`Kind/name`) of objects that an honest repair may create, change or delete; any other is a side effect. */
  mayChange: readonly string[];
  /** Kinds of which a repair may create objects of any name. */
  mayCreate?: readonly string[];
  /** Makes what must stand outside the namespace before the application. */
  prepare?(cluster: Cluster): Promise<void>;
  /** Undoes what was done outside the namespace. */
  cleanUp?(cluster: Cluster): Promise<void>;
  /** Keys of objects whose status says what their programs did: that stays done when a repair is undone. */
  staysDone?: readonly string[];
  /** Some controller takes a wrong repair back within this time: it must still be healthy then. */
  holdSeconds?: number;
  /** Objects outside the namespace that belong to the scene. */
  outside?: readonly string[];
}

export interface Scene {
  application: Application;
  target: Member;
  random: Random;
  /** How objects are edited; drawn where it is absent. Beside another fault, a whole manifest would take that one back. */
  manner?: Manner;
}

export interface Fault {
  name: string;
  family: Family;
  summary: string;
  /** Published problem of which it is a reproduction. */
  likeness?: string;
  /** `real` when containers must run for it to show. */
  needs: 'real' | 'any';
  /** `cluster`: others on the same cluster are touched, so it runs alone. */
  scope: 'namespace' | 'cluster';
  wish: Wish;
  /** Declared actions that the engineer on call allowed beforehand. */
  allows?: readonly string[];
  /** Shapes the application so that it can have the fault, and tells what goes wrong. */
  plan(scene: Scene): Plan;
}

interface Manifest extends KubeObject {
  kind: string;
}

/** How an edit is made: a new manifest through the pipeline, or a change of the living object by hand. */
export type Manner = 'apply' | 'edit';

/**
 * An edit of one object and its opposite. Objects that were applied are sometimes broken by another `apply`.
 * @param change works on the manifest and on the living object alike
 */
export function edited(
  { application, random, manner: wanted }: Scene,
  object: KubeObject,
  change: (object: KubeObject) => void,
  manner: Manner = wanted ?? (application.applied && random.chance(0.5) ? 'apply' : 'edit'),
): Pick<Plan, 'inject' | 'heal' | 'mayChange'> {
  const ref = refOf(object);
  let before: KubeObject | undefined;
  return {
    async inject(cluster) {
      before = await cluster.get(ref);
      if (manner === 'edit') return cluster.edit(ref, change);
      const manifest = structuredClone(object) as Manifest;
      change(manifest);
      await cluster.apply([manifest]);
    },
    async heal(cluster) {
      await restore(cluster, ref, before!);
    },
    mayChange: [keyOf(ref)],
  };
}

/** Puts back what a person wrote in an object. */
export async function restore(cluster: Cluster, ref: Ref, before: KubeObject): Promise<void> {
  const now = await cluster.get(ref);
  const operations = topLevelChanges(now, before);
  if (operations.length > 0) await cluster.patch(ref, operations);
}

/** Another object that the injection makes, as others in the namespace would. */
export const made = (objects: readonly KubeObject[]) => ({
  inject: (cluster: Cluster) => cluster.create(objects),
  async heal(cluster: Cluster): Promise<void> {
    for (const object of objects) await cluster.remove(refOf(object));
  },
});

/** The container of a workload that has a name, in a manifest or a living object. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- objects read by path
export function containerIn(workload: KubeObject, name: string): any {
  const { containers } = workload.spec.template.spec;
  return (containers as { name: string }[]).find((one) => one.name === name);
}

export const templateOf = (workload: KubeObject) => workload.spec.template;
