import type { KubeObject } from '../api.ts';
import { WaitError } from '../wait.ts';
import { compareDumps } from './compare-dumps.ts';
import type { Dump, Dumper, Item } from './dump.ts';
import type { Rounds } from './rounds.ts';

const DEADLINE_MS = 180_000;
const ASK_EVERY_MS = 150;
/** A workload that cannot become ready (no node fits) is at rest when nothing has changed for so long. */
const STUCK_MS = 4_000;
/** Longer than two rounds of the volume controller, which also works by the clock. */
const VOLUMES_MS = 4_500;
/** Deadlines of objects (of Jobs) that are nearer than this are waited for. */
const TIMER_MS = 15_000;

/** Waits until the cluster's controllers have done what is to be done. */
export class Settler {
  readonly #dumper: Dumper;
  readonly #rounds: Rounds;

  constructor(dumper: Dumper, rounds: Rounds) {
    this.#dumper = dumper;
    this.#rounds = rounds;
  }

  /**
   * The dump at rest: equal to the one before it, with a round of the garbage collector (and of the autoscaler and the
   * testbed's operator, where they have something in scope) in between, every workload as it is meant to be or stuck,
   * and no deadline of an object near.
   * @param since what it was at rest before: controllers that only work by the clock are waited for when something of
   *   theirs has changed since then, and always without it
   * @throws WaitError when it still changes at the end of the time
   */
  async atRest(inScope: (item: Item) => boolean, since?: Dump): Promise<Dump> {
    const deadline = performance.now() + DEADLINE_MS;
    let last = await this.#dumper.fresh();
    let unchangedSince = performance.now();
    let scaled = false;
    for (;;) {
      await this.#rounds.garbageCollector();
      const mine = [...last.items.values()].filter(inScope);
      if (!scaled && mine.some(({ kind }) => kind.kind === 'HorizontalPodAutoscaler')) {
        scaled = true;
        await this.#rounds.autoscaler();
      }
      if (mine.some(({ custom }) => custom)) await this.#rounds.operator();
      const next = await this.#dumper.fresh();
      const changes = compareDumps(last, next, inScope).filter(({ how }) => how !== 'ownership');
      const now = performance.now();
      if (changes.length > 0) unchangedSince = now;
      last = next;
      const quiet = now - unchangedSince;
      const { timers, stuck } = unfinished([...next.items.values()].filter(inScope));
      const volumes = volumesChanged(next, since, inScope);
      const wanted = Math.max(stuck.length > 0 ? STUCK_MS : 0, volumes ? VOLUMES_MS : 0);
      if (changes.length === 0 && quiet >= wanted && timers.length === 0) return next;
      if (now > deadline) {
        if (quiet > STUCK_MS) return next;
        const lack = [...changes.map(({ text }) => text), ...timers, ...stuck].slice(0, 5).join('; ');
        throw new WaitError(`the cluster comes to rest: not within ${DEADLINE_MS / 1000} s; ${lack}`);
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  }
}

function volumesChanged(now: Dump, since: Dump | undefined, inScope: (item: Item) => boolean): boolean {
  const versions = (dump: Dump) =>
    [...dump.items.values()]
      .filter((item) => /^PersistentVolume/.test(item.kind.kind) && inScope(item))
      .map(({ uid, object }) => `${uid} ${object.metadata.resourceVersion}`)
      .sort()
      .join();
  return versions(now) !== (since ? versions(since) : '');
}

/** What controllers have still to do, as far as the objects tell. */
function unfinished(items: Item[]): { timers: string[]; stuck: string[] } {
  const timers: string[] = [];
  const stuck: string[] = [];
  for (const { key, kind, object } of items) {
    if (object.metadata.deletionTimestamp) {
      const foreign = ((object.metadata.finalizers ?? []) as string[]).some((name) => !SYSTEM_FINALIZER.test(name));
      if (!foreign) (kind.kind === 'Namespace' ? timers : stuck).push(`${key} is going`);
    }
    if (kind.kind === 'Job' && jobTimerRuns(object)) timers.push(`${key} has a deadline`);
    else if (!isConverged(kind.kind, object)) stuck.push(`${key} is not as it is meant to be`);
  }
  return { timers, stuck };
}

const SYSTEM_FINALIZER =
  /^(kubernetes(\.io\/.*)?|foregroundDeletion|orphan|batch\.kubernetes\.io\/.*|.*\.k8s\.io(\/.*)?)$/;

function isConverged(kind: string, { metadata, spec = {}, status = {} }: KubeObject): boolean {
  const seen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const wanted = spec.replicas ?? 1;
  switch (kind) {
    case 'Deployment':
      if (spec.paused) return seen;
      return seen && same(wanted, status.replicas, status.updatedReplicas, status.availableReplicas);
    case 'StatefulSet':
      return seen && same(wanted, status.replicas, status.readyReplicas);
    case 'ReplicaSet':
    case 'ReplicationController':
      return seen && same(wanted, status.replicas, status.availableReplicas);
    case 'DaemonSet':
      return seen && same(status.desiredNumberScheduled ?? 0, status.updatedNumberScheduled, status.numberReady);
    case 'Pod':
      return status.phase !== 'Pending';
    case 'Job':
      return spec.suspend || isFinished(status);
    default:
      return true;
  }
}

const same = (wanted: number, ...all: (number | undefined)[]) => all.every((value) => (value ?? 0) === wanted);

function isFinished(status: KubeObject['status']): boolean {
  const conditions = (status?.conditions ?? []) as { type: string; status: string }[];
  return conditions.some(({ type, status: holds }) => holds === 'True' && (type === 'Complete' || type === 'Failed'));
}

function jobTimerRuns({ spec, status = {} }: KubeObject): boolean {
  const now = Date.now();
  const near = (start: string, seconds: number) => Date.parse(start) + seconds * 1000 - now < TIMER_MS;
  if (!isFinished(status))
    return status.startTime && !spec.suspend && spec.activeDeadlineSeconds !== undefined
      ? near(status.startTime, Number(spec.activeDeadlineSeconds))
      : false;
  if (spec.ttlSecondsAfterFinished === undefined) return false;
  const ends = (status.conditions as { lastTransitionTime: string }[]).map((one) => one.lastTransitionTime).sort();
  return near(ends.at(-1)!, Number(spec.ttlSecondsAfterFinished));
}
