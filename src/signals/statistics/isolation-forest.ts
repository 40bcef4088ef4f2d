import { seededRandom } from './random.ts';

/** Trees, and points that each is grown of: the numbers of the paper, past which nothing is gained. */
const TREES = 100;
const SAMPLE = 256;

type Tree = { size: number } | { axis: number; at: number; low: Tree; high: Tree };

/**
 * How easily points are told apart from the others by cuts at random (Liu, Ting and Zhou, "Isolation Forest", 2008): the
 * score is near 1 for one that is alone, below 0.5 for one in the crowd.
 */
export class IsolationForest {
  readonly #trees: Tree[];
  readonly #usualDepth: number;

  /** @param points all of one length; @param seed the same makes the same forest */
  constructor(points: readonly (readonly number[])[], seed: number) {
    const random = seededRandom(seed);
    const size = Math.min(SAMPLE, points.length);
    const depth = Math.ceil(Math.log2(Math.max(2, size)));
    this.#trees = Array.from({ length: TREES }, () => grown(drawn(points, size, random), depth, random));
    this.#usualDepth = usualDepth(size);
  }

  /** 0..1. */
  score(point: readonly number[]): number {
    if (this.#usualDepth === 0) return 0.5;
    const depth = this.#trees.reduce((sum, tree) => sum + depthOf(tree, point), 0) / this.#trees.length;
    return 2 ** (-depth / this.#usualDepth);
  }
}

function drawn<T>(list: readonly T[], size: number, random: () => number): T[] {
  const pool = [...list];
  for (let at = 0; at < size; at++) {
    const other = at + Math.floor(random() * (pool.length - at));
    [pool[at], pool[other]] = [pool[other]!, pool[at]!];
  }
  return pool.slice(0, size);
}

function grown(points: readonly (readonly number[])[], depth: number, random: () => number): Tree {
  const axes = points.length > 1 && depth > 0 ? movingAxes(points) : [];
  if (axes.length === 0) return { size: points.length };
  const { axis, least, most } = axes[Math.floor(random() * axes.length)]!;
  const at = least + random() * (most - least);
  const low = points.filter((point) => point[axis]! < at);
  const high = points.filter((point) => point[axis]! >= at);
  return { axis, at, low: grown(low, depth - 1, random), high: grown(high, depth - 1, random) };
}

function movingAxes(points: readonly (readonly number[])[]): { axis: number; least: number; most: number }[] {
  return points[0]!.flatMap((_, axis) => {
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const point of points) {
      least = Math.min(least, point[axis]!);
      most = Math.max(most, point[axis]!);
    }
    return most > least ? [{ axis, least, most }] : [];
  });
}

function depthOf(tree: Tree, point: readonly number[]): number {
  let depth = 0;
  let at = tree;
  for (; 'axis' in at; depth++) at = point[at.axis]! < at.at ? at.low : at.high;
  return depth + usualDepth(at.size);
}

/** Depth at which a search in a binary tree of so many points ends on average. */
function usualDepth(size: number): number {
  if (size <= 1) return 0;
  if (size === 2) return 1;
  return 2 * (Math.log(size - 1) + 0.5772156649) - (2 * (size - 1)) / size;
}
