import * as z from 'zod';
import type { Hypothesis } from '../../../domain/brain.ts';
import type { ChatModel } from '../../../domain/chat.ts';
import { messageOf } from '../../../domain/cluster-error.ts';
import type { Evidence, Finding } from '../../../domain/finding.ts';
import type { ObjectRef } from '../../../domain/kube-object.ts';
import { refKey, refLabel } from '../../../domain/kube-object.ts';
import { ClusterView } from '../../../kube/cluster-view.ts';
import { oneLine } from '../../../text/plain-text.ts';
import type { CauseCandidate } from '../../candidates/candidate.ts';
import type { Case } from '../talk/case.ts';
import { canTalk, openTalk, quoted } from '../talk/case.ts';
import type { Grounds } from './confidence.ts';
import { evidenceScore } from './confidence.ts';
import { citedFacts, inventedIds, objectNamed } from '../talk/grounding.ts';
import { investigate } from '../talk/investigation.ts';
import { attemptsText, causesText, severityText } from '../talk/listing.ts';
import { masked } from '../talk/masked.ts';
import { askFor } from '../talk/structured.ts';
import { fused, rank } from './ranking.ts';

const MOST = 4;
const ANSWER_TOKENS = 1_500;

const DIAGNOSIS = z.object({
  hypotheses: z
    .array(
      z.object({
        listed: z.string().max(8).optional().describe('id of the listed cause, such as H2, where one fits'),
        kind: z.string().max(80).describe('of the object whose setting is the root cause'),
        name: z.string().max(253),
        namespace: z.string().max(63).optional(),
        statement: z.string().max(400).describe('the root cause in one sentence, with the wrong value'),
        shows_at: z.string().max(300).optional().describe('where the fault shows: kind and name'),
        evidence: z.array(z.string().max(12)).max(12).describe('ids such as E3'),
        confidence: z.number().min(0).max(1),
      }),
    )
    .min(1)
    .max(MOST),
});
type Answered = z.infer<typeof DIAGNOSIS>['hypotheses'][number];

const FORM = {
  name: 'submit_diagnosis',
  description: 'Ranked hypotheses about the root cause, most likely first, each with the ids of its evidence.',
  schema: DIAGNOSIS,
};

/** A cause that stands on evidence which exists. */
interface Grounded {
  object: ObjectRef;
  statement: string;
  evidence: Evidence[];
  listed: CauseCandidate | null;
  /** The model's own number; null where it was not asked for one. */
  own: number | null;
}

export interface ModelDiagnosis {
  findings: Finding[];
  hypotheses: Hypothesis[];
}

/**
 * αG (paper, section on agents): hypotheses about the root cause, in the model's order, each on evidence that was really
 * shown; how far that speaks for them is worked out by rule. A second, independent opinion does not see the first.
 * @param second who gives it; null: nobody
 * @throws ChatError, StratusError `model` when no usable answer came
 */
export async function diagnose(one: Case, second: ChatModel | null): Promise<ModelDiagnosis> {
  const first = canTalk(one.model) ? await talk(one) : await choose(one);
  const other = second && canTalk(second) && first.length > 0 ? await secondOpinion(one, second) : null;
  return assessed(one, first, other, second !== null && second !== one.model);
}

async function talk(one: Case): Promise<Grounded[]> {
  const conversation = openTalk(one, 'finding the root cause', 'diagnosis', {
    ...shared(one),
    attempts: quoted(one, attemptsText(one.attempts)),
  });
  return grounded(one, (await investigate(one, conversation, FORM)).hypotheses);
}

/** What small models are asked for. */
async function choose(one: Case): Promise<Grounded[]> {
  const { causes } = one.candidates;
  const listed = causes.map(({ id, object, text }) => ({ id, text: `${refLabel(object)}: ${text}` }));
  const order = fused(await rank(one, 'causes', listed, one.file), listed);
  return order.slice(0, MOST).flatMap((id) => {
    const cause = causes.find((candidate) => candidate.id === id);
    if (!cause) return [];
    return [{ object: cause.object, statement: cause.text, evidence: cause.evidence, listed: cause, own: null }];
  });
}

async function secondOpinion(one: Case, model: ChatModel): Promise<Grounded[] | null> {
  const conversation = openTalk(one, 'second opinion', 'second-opinion', shared(one), model);
  try {
    return grounded(one, (await askFor(conversation, FORM, ANSWER_TOKENS)).hypotheses);
  } catch (error) {
    one.context.signal.throwIfAborted();
    one.context.emit({ type: 'thought', text: oneLine(`no second opinion: ${messageOf(error)}`) });
    return null;
  }
}

function shared(one: Case): Record<string, string> {
  return {
    namespace: one.context.target.namespace,
    most: String(MOST),
    severity: quoted(one, severityText(one.context.severity)),
    causes: quoted(one, causesText(one.candidates.causes, one.evidence)),
    case: quoted(one, one.file),
  };
}

/** What names an object that was not read, or cites nothing that was shown, is no hypothesis. */
function grounded(one: Case, answers: readonly Answered[]): Grounded[] {
  return answers.flatMap((answer) => {
    const listed = one.candidates.causes.find(({ id }) => id === answer.listed?.toUpperCase()) ?? null;
    const object = objectNamed(one, answer) ?? listed?.object ?? null;
    // A listed cause was shown with its evidence.
    const agrees = listed && object && refKey(listed.object) === refKey(object);
    const cited = citedFacts(one, answer.evidence);
    const evidence = cited.length > 0 ? cited : agrees ? listed.evidence : [];
    const invented = inventedIds(one, answer.evidence);
    const name = `${answer.kind}/${answer.name}`;
    if (!object || evidence.length === 0) {
      const why = object ? 'it cites no evidence that was shown' : 'no such object was read';
      one.context.emit({ type: 'thought', text: oneLine(`a hypothesis about ${name} was thrown away: ${why}`) });
      return [];
    }
    if (invented > 0)
      one.context.emit({
        type: 'thought',
        text: oneLine(
          `the hypothesis about ${name} cites evidence that was never shown (${invented}); that is left out`,
        ),
      });
    const statement = oneLine(masked(answer.statement, one.use), 300);
    return [{ object, statement, evidence, listed: agrees ? listed : null, own: answer.confidence }];
  });
}

function assessed(
  one: Case,
  first: readonly Grounded[],
  other: readonly Grounded[] | null,
  independent: boolean,
): ModelDiagnosis {
  const view = new ClusterView(one.context.snapshot);
  const same = (a: Grounded, b: Grounded) => refKey(a.object) === refKey(b.object);
  const agreement = (cause: Grounded): Grounds['second'] =>
    !other || other.length === 0 ? 'none' : other.some((each) => same(each, cause)) ? 'same' : 'other';
  const all = [
    ...first.map((cause) => ({ cause, second: agreement(cause), by: one.model.name })),
    ...(other ?? [])
      .filter((cause) => !first.some((each) => same(each, cause)))
      .map((cause) => ({ cause, second: 'other' as const, by: `${one.model.name}, second opinion` })),
  ].map(({ cause, second, by }) => {
    const { object, evidence, listed } = cause;
    const confidence = evidenceScore(view, one.context.severity, {
      object,
      evidence,
      listed: listed?.score ?? null,
      second,
      independent,
    });
    return { cause, by, confidence, finding: findingOf(one, cause) };
  });
  const ranked = all.filter(({ finding }, at) => all.findIndex((each) => each.finding.id === finding.id) === at);
  const findings = ranked.map(({ finding }) => finding);
  return {
    findings,
    hypotheses: ranked.map(({ finding, confidence, by, cause }) => ({
      cause: finding.id,
      explains: [],
      confidence,
      evidence: finding.evidence.map((_, at) => `${finding.id}#${at}`),
      by,
      ...(cause.own === null ? {} : { own: cause.own }),
    })),
  };
}

/** The playbooks' own finding where they say the same: it knows how the cause is mended. */
function findingOf(one: Case, { object, statement, evidence, listed }: Grounded): Finding {
  const known = one.playbook?.findings.find(({ id }) => id === listed?.finding);
  if (known) return known;
  return {
    id: oneLine(`model:${refLabel(object)}:${statement}`),
    rule: 'model',
    severity: 'critical',
    object,
    message: statement,
    evidence,
    fixes: [],
    unfixed: 'a model names the cause; what is done about it is chosen as a plan',
  };
}
