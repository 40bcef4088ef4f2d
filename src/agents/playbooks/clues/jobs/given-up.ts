import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { cannotRunAgain, runAgain } from './run-again.ts';
import type { JobNeeds } from './needs.ts';
import { jobNeeds, needsEvidence } from './needs.ts';
import type { Waiter } from './waiters.ts';
import { waitersFor } from './waiters.ts';
import { logEvidence, TELLING } from '../pods/workload-logs.ts';
import type { AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { laterRun } from '../../../../kube/job-runs.ts';
import { literalPattern } from '../../../../text/literal-pattern.ts';

/** What may be done about a Job that was given up and that no CronJob runs again. */
export interface GivenUp {
  fixes: FixDraft[];
  reasons: Evidence[];
  /** What follows the sentence that it failed. */
  words: string;
  /** Somebody is not well for want of it. */
  isMissed: boolean;
  unfixed: string;
}

const FOR_ITS_MAKER =
  'the template of a Job cannot be changed: whoever created it must create it anew, with what the log says it lacks';

/**
 * @param lines what its last pod said
 * @param lastStart when its last pod started, milliseconds since the epoch
 */
export async function givenUp(
  context: AnalyzerContext,
  job: KubeObject,
  lines: readonly string[],
  lastStart: number,
): Promise<GivenUp> {
  const { view } = context;
  const needs = jobNeeds(view, job, lastStart);
  const waiters = await waitersFor(context, job);
  const { words: waiting, reasons } = told(waiters);
  const changed = needs.since.length > 0 ? `; ${needs.since[0]!.text}, and nothing runs it again` : '';
  const answer = (fixes: FixDraft[], unfixed: string): GivenUp => ({
    fixes,
    reasons: [...needsEvidence(needs), ...reasons],
    words: changed + waiting,
    isMissed: waiters.length > 0,
    unfixed,
  });
  if (needs.since.length === 0) return answer([], FOR_ITS_MAKER);
  const later = laterRun(view.all('Job'), job, view.now);
  if (later)
    return answer(
      [],
      `Job ${later.job.metadata.name} does the same and was started later: what comes of it is to be awaited`,
    );
  if (needs.lacking) return answer([], `to run it again would not help yet: ${needs.lacking}`);
  const impossible = cannotRunAgain(view, job);
  if (impossible) return answer([], impossible);
  return answer([runAgain(view, job, confidenceOf(needs, lines, waiters))], FOR_ITS_MAKER);
}

function confidenceOf({ since }: JobNeeds, lines: readonly string[], waiters: readonly Waiter[]): number {
  const complained = lines.filter((line) => TELLING.test(line));
  const spoken = since.some(({ words }) => words.some((word) => complained.some((line) => holds(line, word))));
  return 0.45 + (spoken ? 0.2 : 0) + (waiters.length > 0 ? 0.15 : 0);
}

function holds(line: string, word: string): boolean {
  return new RegExp(`(?<![A-Za-z0-9_-])${literalPattern(word)}(?![A-Za-z0-9_-])`, 'i').test(line);
}

function told(waiters: readonly Waiter[]): { words: string; reasons: Evidence[] } {
  if (waiters.length === 0) return { words: '', reasons: [] };
  const names = waiters.slice(0, 3).map(({ workload: { kind, metadata } }) => `${kind} ${metadata.name}`);
  return {
    words: `; ${names.join(', ')} ${waiters.length > 1 ? 'wait' : 'waits'} for what it makes`,
    reasons: waiters.slice(0, 3).flatMap(({ lines }) => lines.slice(-2).map(logEvidence)),
  };
}
