import { createHash } from 'node:crypto';
import type { Brain, DiagnosisInput, PlanInput } from '../../domain/brain.ts';
import type { Finding } from '../../domain/finding.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Analyzer } from './engine/analyzer.ts';
import { ANALYZERS } from './analyzers.ts';
import { ClusterView } from '../../kube/cluster-view.ts';
import { nextPlan } from './engine/planning.ts';
import { rankFindings, SYMPTOM_DEPTH } from './engine/ranking.ts';

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

  async diagnose(input: DiagnosisInput): Promise<Finding[]> {
    const view = new ClusterView(input.snapshot);
    const context = { view, readLog: input.readLog };
    const findings: Finding[] = [];
    for (const analyzer of this.#analyzers) findings.push(...(await analyzer.analyze(context)));
    return rankFindings(view, findings, this.#depthOf);
  }

  async plan(input: PlanInput): Promise<Plan | null> {
    return nextPlan({
      view: new ClusterView(input.snapshot),
      severity: input.severity,
      findings: input.findings,
      attempts: input.attempts,
      depthOf: this.#depthOf,
      hash: (text) => createHash('sha256').update(text).digest('hex'),
    });
  }

  readonly #depthOf = (rule: string): number =>
    this.#analyzers.find((analyzer) => analyzer.rule === rule)?.depth ?? SYMPTOM_DEPTH;
}
