import { randomBytes } from 'node:crypto';
import type { AttemptRecord, Brain, BrainContext, BrainDiagnosis, Hypothesis, Proposal } from '../../domain/brain.ts';
import { standingAttempts } from '../../domain/brain.ts';
import type { ChatModel } from '../../domain/chat.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { ModelUse } from '../../domain/model-settings.ts';
import type { Plan } from '../../domain/plan.ts';
import { withPerson } from '../../domain/plan.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import { oneLine } from '../../text/plain-text.ts';
import { enumerateCandidates } from '../candidates/enumerate.ts';
import { Allowance } from './talk/allowance.ts';
import type { Case, Talk } from './talk/case.ts';
import { canTalk } from './talk/case.ts';
import { diagnosisKey } from './diagnosis-key.ts';
import { caseBudget } from './evidence/case-budget.ts';
import { caseFile } from './evidence/case-file.ts';
import { EvidenceDesk } from './evidence/evidence-desk.ts';
import { instructionsIn } from './evidence/instructions.ts';
import { objectNamed } from './talk/grounding.ts';
import type { PromptSet } from './talk/prompt-set.ts';
import { detect } from './roles/detection.ts';
import { diagnose } from './roles/diagnosis.ts';
import { mitigate } from './roles/mitigation.ts';
import { reflect } from './roles/reflection.ts';

export interface ModelBrainParts {
  model: ChatModel;
  /** Who gives the second opinion; the first model with another prompt when null. */
  second: ChatModel | null;
  use: ModelUse;
  prompts: PromptSet;
  /** Whose findings are evidence, and whose fixes are among the listed actions. */
  playbook: Brain;
  /** Diagnoses of former runs; absent: none are remembered. */
  memory?: DiagnosisMemory;
}

/** Diagnoses by {@link diagnosisKey}. No method fails: without a memory a model is asked, that is all. */
export interface DiagnosisMemory {
  /** ISO 8601 of when it was made, and what was found; null when nothing (or nothing recent) is known. */
  recall(key: string): Promise<{ at: string; diagnosis: BrainDiagnosis } | null>;
  keep(key: string, diagnosis: BrainDiagnosis): Promise<void>;
  /** It led to a plan that did not help. */
  forget(key: string): Promise<void>;
}

/** Share of a model's room that the case may take. */
const CASE_SHARE = 0.4;

/**
 * The agents αD, αG and αM of the paper on a language model; αU is the gateway's undo and needs none. It proposes only: what
 * it names is checked against what was read, what it plans is confined, rehearsed, judged and undone by others. One brain
 * serves one run.
 */
export class ModelBrain implements Brain {
  readonly name: string;
  readonly #parts: ModelBrainParts;
  readonly #evidence = new EvidenceDesk();
  /** The last diagnosis, and of which state it speaks. */
  #known: { key: string; diagnosis: BrainDiagnosis } | null = null;
  #playbook: BrainDiagnosis | null = null;
  /** What a model is told of one snapshot. */
  #told: ({ snapshot: ClusterSnapshot; playbook: BrainDiagnosis } & Pick<Case, 'file' | 'candidates'>) | null = null;
  #attempts: readonly AttemptRecord[] = [];
  /** Instructions to whoever reads them that stood in what was shown. */
  #suspicious: string[] = [];

  constructor(parts: ModelBrainParts) {
    this.#parts = parts;
    const { name, scripted } = parts.model;
    this.name = scripted ? `${name} (scripted model)` : name;
  }

  async diagnose(context: BrainContext): Promise<BrainDiagnosis> {
    this.#playbook = await this.#ask(context);
    const one = await this.#case(context);
    const key = diagnosisKey(context, this.#parts.model.name);
    // The cluster says what it said before: asked again, a model would only be paid again.
    if (this.#known?.key === key && this.#known.diagnosis.hypotheses.length > 0) {
      context.emit({ type: 'thought', text: 'nothing has changed since the last diagnosis; it stands' });
      return this.#known.diagnosis;
    }
    const remembered = this.#known ? null : await this.#recall(one, key);
    if (remembered) {
      this.#known = { key, diagnosis: remembered };
      return remembered;
    }
    const symptoms = this.#known || !canTalk(one.model) ? [] : await detect(one);
    const { second, use, model } = this.#parts;
    const found = await diagnose(one, use.secondOpinion ? (second ?? model) : null);
    const named = new Set(found.findings.map(({ id }) => id));
    const rest = this.#playbook.findings.filter(({ id }) => !named.has(id));
    const diagnosis: BrainDiagnosis = {
      findings: [...found.findings, ...rest, ...symptoms.filter(({ id }) => !named.has(id))],
      hypotheses: [...found.hypotheses, ...this.#playbook.hypotheses.filter(({ cause }) => !named.has(cause))],
    };
    this.#known = { key, diagnosis };
    if (found.hypotheses.length > 0) await this.#parts.memory?.keep(key, diagnosis);
    return diagnosis;
  }

  /**
   * What the same evidence led to before: a hypothesis only, marked as such. What it names has to be there still, and what is
   * done about it is chosen anew.
   */
  async #recall(one: Case, key: string): Promise<BrainDiagnosis | null> {
    const known = await this.#parts.memory?.recall(key);
    if (!known) return null;
    const { findings, hypotheses } = known.diagnosis;
    if (!findings.every(({ object }) => objectNamed(one, object))) return null;
    one.context.emit({
      type: 'thought',
      text: `the same evidence was diagnosed before (${known.at}): that is taken as the hypothesis`,
    });
    return { findings, hypotheses: hypotheses.map((one) => ({ ...one, by: `${one.by}, remembered` })) };
  }

  async plan(context: BrainContext, diagnosis: BrainDiagnosis, attempts: readonly AttemptRecord[]): Promise<Proposal> {
    const standing = standingAttempts(attempts);
    this.#attempts = standing;
    const one = await this.#case(context);
    const { findings, hypotheses } = diagnosis;
    const tried = new Set(standing.map(({ plan }) => plan.hash));
    const answer = await mitigate(one, { hypotheses, findings, tried });
    if (answer.type === 'exhausted') return answer;
    const wants = (plan: Plan): Plan => this.#withPerson(plan, hypotheses);
    return { type: 'plan', plan: wants(answer.plan), alternatives: answer.alternatives.map(wants) };
  }

  async reflect(context: BrainContext, attempt: AttemptRecord): Promise<string> {
    const plain = `Attempt ${attempt.attempt} ${attempt.outcome}: ${attempt.reason}`;
    if (attempt.outcome === 'undone' && this.#known) await this.#parts.memory?.forget(this.#known.key);
    if (!canTalk(this.#parts.model)) return plain;
    try {
      return await reflect(this.#talk(context), attempt);
    } catch (error) {
      context.signal.throwIfAborted();
      context.emit({ type: 'thought', text: oneLine(`the model drew no lesson: ${messageOf(error)}`) });
      return plain;
    }
  }

  /** Root-cause lock: who is not sure of the cause, or may have been talked into it, does not act alone. */
  #withPerson(plan: Plan, hypotheses: readonly Hypothesis[]): Plan {
    const { confidenceThreshold } = this.#parts.use;
    const confidence = hypotheses.find(({ cause }) => cause === plan.findingId)?.confidence ?? 0;
    const reasons = [
      ...(confidence < confidenceThreshold
        ? [`the evidence for the cause is thin (${confidence.toFixed(2)}, ${confidenceThreshold.toFixed(2)} is wanted)`]
        : []),
      ...this.#suspicious
        .slice(0, 1)
        .map((text) => `text from the cluster reads like instructions to the model: ${text}`),
    ];
    return withPerson(plan, reasons.join('; '));
  }

  async #ask(context: BrainContext): Promise<BrainDiagnosis> {
    return this.#parts.playbook.diagnose({ ...context, emit: () => undefined });
  }

  #talk(context: BrainContext): Talk {
    const { model, use, prompts } = this.#parts;
    return {
      context,
      model,
      use,
      prompts,
      allowance: new Allowance(context.budget),
      mark: randomBytes(8).toString('hex'),
      shown: (text) => this.#watch(text, context),
    };
  }

  async #case(context: BrainContext): Promise<Case> {
    const playbook = (this.#playbook ??= await this.#ask(context));
    const { snapshot } = context;
    // Logs are read and candidates worked out once for what a diagnosis and the plan after it both rest on.
    if (this.#told?.snapshot !== snapshot || this.#told.playbook !== playbook)
      this.#told = { snapshot, playbook, ...(await this.#tell(context, playbook)) };
    const { file, candidates } = this.#told;
    return { ...this.#talk(context), evidence: this.#evidence, file, candidates, playbook, attempts: this.#attempts };
  }

  async #tell(context: BrainContext, playbook: BrainDiagnosis): Promise<Pick<Case, 'file' | 'candidates'>> {
    const { snapshot, severity, evidence: reads, signal } = context;
    const most = Math.floor(this.#parts.model.contextTokens * CASE_SHARE);
    const budgetTokens = caseBudget(snapshot, most);
    const evidence = this.#evidence;
    return {
      file: await caseFile({ snapshot, severity, reads, playbook, evidence, signal, budgetTokens }),
      candidates: enumerateCandidates({ snapshot, severity, diagnosis: playbook }),
    };
  }

  /** Remembers what in the shown text speaks to its reader. */
  #watch(text: string, context: BrainContext): void {
    for (const { text: seen } of instructionsIn(text)) {
      if (this.#suspicious.includes(seen)) continue;
      this.#suspicious.push(seen);
      context.emit({
        type: 'thought',
        text: oneLine(`text from the cluster reads like instructions, and is taken as data: ${seen}`),
      });
    }
  }
}
