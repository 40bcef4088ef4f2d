import type { AttemptRecord, Brain, BrainContext, BrainDiagnosis, Proposal } from '../../domain/brain.ts';
import { standingAttempts } from '../../domain/brain.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { Finding } from '../../domain/finding.ts';
import { refKey } from '../../domain/kube-object.ts';
import { ClusterView } from '../../kube/cluster-view.ts';
import { oneLine } from '../../text/plain-text.ts';
import { sha256 } from '../../text/sha256.ts';
import { withRunsAfter } from './clues/jobs/runs-after.ts';
import { JOB_FAILED } from './rules/container/job-failed.ts';
import { ANALYZERS } from './analyzers.ts';
import type { Analyzer, AnalyzerContext } from './engine/analyzer.ts';
import { LAYERS } from './engine/analyzer.ts';
import { nextPlans } from './engine/planning.ts';
import { readsOnce } from './engine/reads-once.ts';
import { rankFindings } from './engine/ranking.ts';
import { withTraces } from './engine/trace-agreement.ts';

/** A rule that waits longer for its reads is left out of the diagnosis. */
const RULE_LIMIT_MS = 10_000;

/**
 * Diagnosis and planning by rules: no model, no network, no state. The same snapshot and the same logs give the same
 * findings, ids and order.
 */
export class PlaybookBrain implements Brain {
  readonly name = 'playbook';
  readonly #analyzers: readonly Analyzer[];

  constructor(analyzers: readonly Analyzer[] = ANALYZERS) {
    this.#analyzers = analyzers;
  }

  /** A rule that fails is left out and named; the others go on. */
  async diagnose(context: BrainContext): Promise<BrainDiagnosis> {
    const { severity, evidence, actions = [], signals } = context;
    const view = new ClusterView(context.snapshot);
    const facts = { view, severity, actions, ...(signals ? { signals } : {}), ...readsOnce(evidence) };
    const findings: Finding[] = [];
    for (const analyzer of this.#analyzers) {
      context.signal.throwIfAborted();
      try {
        const found = await withinLimit(context, analyze(analyzer, facts));
        findings.push(...found.map((finding) => withReason(finding, analyzer)));
      } catch (error) {
        if (context.signal.aborted) throw error;
        const text = oneLine(`rule ${analyzer.rule} could not be applied: ${messageOf(error)}`);
        context.emit({ type: 'thought', text });
      }
    }
    const complete = withRunsAfter(view, this.#withoutYielding(findings), JOB_FAILED);
    return rankFindings(view, withTraces(view, complete, signals), this.#depthOf);
  }

  async plan(
    { snapshot, severity }: BrainContext,
    { findings }: BrainDiagnosis,
    attempts: readonly AttemptRecord[],
  ): Promise<Proposal> {
    const [plan, ...alternatives] = nextPlans({
      view: new ClusterView(snapshot),
      severity,
      findings,
      attempts: standingAttempts(attempts),
      depthOf: this.#depthOf,
      hash: sha256,
    });
    if (plan) return { type: 'plan', plan, alternatives };
    return {
      type: 'exhausted',
      reason: findings.length > 0 ? 'no justified fix is left to try' : 'no cause was found',
    };
  }

  async reflect(_context: BrainContext, { attempt, outcome, reason }: AttemptRecord): Promise<string> {
    return `Attempt ${attempt} ${outcome}: ${reason}`;
  }

  #withoutYielding(findings: readonly Finding[]): Finding[] {
    const yielding = new Set(this.#analyzers.filter((analyzer) => analyzer.yields).map(({ rule }) => rule));
    const known = new Set(
      findings.filter(({ rule, fixes }) => !yielding.has(rule) && fixes.length > 0).map(({ object }) => refKey(object)),
    );
    return findings.filter(({ rule, object }) => !yielding.has(rule) || !known.has(refKey(object)));
  }

  readonly #depthOf = (rule: string): number =>
    LAYERS.indexOf(this.#analyzers.find((analyzer) => analyzer.rule === rule)?.layer ?? 'symptom');
}

/** A finding without a fix says why there is none. */
function withReason(finding: Finding, { unfixed }: Analyzer): Finding {
  return finding.fixes.length > 0 || finding.unfixed ? finding : { ...finding, unfixed };
}

/** What a rule throws at once, too, is its failure. */
async function analyze(analyzer: Analyzer, facts: AnalyzerContext): Promise<Finding[]> {
  return analyzer.analyze(facts);
}

async function withinLimit<T>({ clock, signal }: BrainContext, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const limit = clock.sleep(RULE_LIMIT_MS, AbortSignal.any([signal, done.signal])).then(() => {
    throw new Error(`no answer within ${RULE_LIMIT_MS / 1000} s`);
  });
  // The race below hears of it; a limit that ends after the race is nobody's failure.
  limit.catch(() => undefined);
  try {
    return await Promise.race([work, limit]);
  } finally {
    done.abort();
  }
}
