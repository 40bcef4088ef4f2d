import type { Localisation, Suspect } from '../../domain/signals.ts';
import type { Span } from '../../domain/telemetry.ts';
import type { ServiceNames } from '../identity/service-names.ts';
import { errorSuspects } from './error-suspects.ts';
import { slowSuspects } from './slow-suspects.ts';
import { SpanNodes } from './span-nodes.ts';
import { spanTrees } from './span-tree.ts';

export interface LocaliseOptions {
  /** What people see; what is found for the other comes after it. */
  symptom: 'errors' | 'latency';
  /** Of the samples that confidence rests on; the same gives the same. */
  seed?: number;
}

/**
 * Where traces say that the trouble begins: for errors the deepest span that failed, for latency the place at which the time
 * is spent, each against usual traces.
 * @param now spans of traces of the incident, in any order
 * @param usual the same of a time when all was well; both picked in the same way (slow ones beside any others name whoever
 *   varies most), else what is compared means nothing
 */
export function localise(
  now: readonly Span[],
  usual: readonly Span[],
  names: ServiceNames,
  { symptom, seed = 1 }: LocaliseOptions,
): Localisation {
  const nodes = new SpanNodes(names);
  const [nowTrees, usualTrees] = [spanTrees(now), spanTrees(usual)];
  if (nowTrees.length === 0) return { suspects: [], unknown: 'no traces were found' };
  const errors = () => errorSuspects(nowTrees, usualTrees, nodes, seed);
  const slow = () => slowSuspects(nowTrees, usualTrees, nodes, seed);
  const [first, second] = symptom === 'errors' ? [errors(), slow()] : [slow(), errors()];
  const named = new Set(first.suspects.map(({ node }) => node.id));
  const suspects: Suspect[] = [...first.suspects, ...second.suspects.filter(({ node }) => !named.has(node.id))];
  return { suspects, unknown: suspects.length > 0 ? null : first.unknown };
}
