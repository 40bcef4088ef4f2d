import { mean } from './robust.ts';

/** Mean and inverse of the covariance of points, for distances from the middle of the cloud that they are. */
export interface Cloud {
  center: number[];
  /** Lower triangle L of the covariance L·Lᵀ. */
  root: number[][];
}

/** Of the diagonal, so that values that never change do not make every change infinitely far. */
const LEAST_VARIANCE = 1e-9;

/**
 * Points as a cloud. The covariance is drawn towards a sphere of the same size, as much as Ledoit and Wolf show to be best ("A
 * well-conditioned estimator for large-dimensional covariance matrices", 2004): that of few points, or of values that move
 * together, could not be inverted. Values should be of one scale.
 */
export function cloudOf(points: readonly (readonly number[])[]): Cloud {
  const size = points[0]?.length ?? 0;
  const count = points.length;
  const center = Array.from({ length: size }, (_, at) => mean(points.map((point) => point[at]!)));
  const off = points.map((point) => point.map((value, at) => value - center[at]!));
  const sample = matrix(size, (row, column) => mean(off.map((point) => point[row]! * point[column]!)));
  const scale = Math.max(LEAST_VARIANCE, mean(sample.map((row, at) => row[at]!)) || 0);
  const target = (row: number, column: number): number => (row === column ? scale : 0);
  const spread = squares(matrix(size, (row, column) => sample[row]![column]! - target(row, column)));
  const noise =
    off.reduce(
      (sum, point) =>
        sum + squares(matrix(size, (row, column) => point[row]! * point[column]! - sample[row]![column]!)),
      0,
    ) /
    count ** 2;
  const part = spread > 0 ? Math.min(1, noise / spread) : 1;
  const shrunk = matrix(
    size,
    (row, column) =>
      part * target(row, column) + (1 - part) * sample[row]![column]! + (row === column ? LEAST_VARIANCE : 0),
  );
  return { center, root: choleskyRoot(shrunk) };
}

/** Square of the Mahalanobis distance of a point from the middle of a cloud. */
export function squaredDistance({ center, root }: Cloud, point: readonly number[]): number {
  const solved: number[] = [];
  for (const [row, line] of root.entries()) {
    const known = solved.reduce((sum, value, column) => sum + line[column]! * value, 0);
    solved.push((point[row]! - center[row]! - known) / line[row]!);
  }
  return solved.reduce((sum, value) => sum + value * value, 0);
}

function choleskyRoot(square: readonly (readonly number[])[]): number[][] {
  const root = matrix(square.length, () => 0);
  for (let row = 0; row < square.length; row++) {
    for (let column = 0; column <= row; column++) {
      let rest = square[row]![column]!;
      for (let at = 0; at < column; at++) rest -= root[row]![at]! * root[column]![at]!;
      root[row]![column] =
        row === column ? Math.sqrt(Math.max(LEAST_VARIANCE ** 2, rest)) : rest / root[column]![column]!;
    }
  }
  return root;
}

function matrix(size: number, value: (row: number, column: number) => number): number[][] {
  return Array.from({ length: size }, (_, row) => Array.from({ length: size }, (__, column) => value(row, column)));
}

function squares(values: readonly (readonly number[])[]): number {
  return values.flat().reduce((sum, value) => sum + value * value, 0);
}

/**
 * Square of a distance beyond which a point of a normal cloud lies with this chance (Wilson and Hilferty's approximation of
 * the chi-square law; off by less than 1 % from 2 dimensions and 1 in 1,000,000 on).
 */
export function distanceFor(chance: number, dimensions: number): number {
  const z = normalQuantile(1 - chance);
  const part = 2 / (9 * dimensions);
  return dimensions * Math.max(0, 1 - part + z * Math.sqrt(part)) ** 3;
}

/** Where the normal law has this part below it (Abramowitz and Stegun 26.2.23; off by less than 4.5e-4). */
export function normalQuantile(part: number): number {
  if (part <= 0) return Number.NEGATIVE_INFINITY;
  if (part >= 1) return Number.POSITIVE_INFINITY;
  const tail = Math.min(part, 1 - part);
  const t = Math.sqrt(-2 * Math.log(tail));
  const value =
    t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3);
  return part < 0.5 ? -value : value;
}
