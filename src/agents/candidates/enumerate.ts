import type { BrainDiagnosis } from '../../domain/brain.ts';
import { changedObject } from '../../domain/change.ts';
import type { Finding, Fix } from '../../domain/finding.ts';
import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refKey, refOf } from '../../domain/kube-object.ts';
import type { Severity } from '../../domain/severity.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import { ClusterView } from '../../kube/cluster-view.ts';
import { oneLine } from '../../text/plain-text.ts';
import { redact } from '../../text/redact.ts';
import type { ActionCandidate, Candidates, CauseCandidate } from './candidate.ts';
import type { ActionDraft, CauseDraft, Scene, Source } from './scene/draft.ts';
import { effectOf } from './effect.ts';
import { changesText } from './scene/change-text.ts';
import { Focus } from './scene/focus.ts';
import { SOURCES } from './sources.ts';

/** How many are offered at most. */
export interface CandidateLimits {
  causes: number;
  actions: number;
}

export interface CandidateInput {
  snapshot: ClusterSnapshot;
  severity: Severity;
  /** Of the playbooks; may be empty. Findings come first where they are sure. */
  diagnosis: BrainDiagnosis;
  /** Default: 12 causes, 24 actions. */
  limits?: CandidateLimits;
}

const DEFAULT_LIMITS: CandidateLimits = { causes: 12, actions: 24 };
/** Longest line, in UTF-16 units. */
const LINE = 200;
/** What no rule says is never as sure as what one does. */
const WITHOUT_RULE = 0.88;
/** Each further action for one object counts so much less: a model chooses better among different things. */
const MORE_OF_SAME = 0.93;

/**
 * What may be wrong and what could be done about it, best first, for a model to rank and combine. The same input gives
 * the same candidates with the same ids. All text is fit to be shown: one line, without credentials.
 */
export function enumerateCandidates({
  snapshot,
  severity,
  diagnosis,
  limits = DEFAULT_LIMITS,
}: CandidateInput): Candidates {
  const view = new ClusterView(snapshot);
  const scene: Scene = { view, severity, focus: new Focus(view, severity) };
  const drafts = [
    ...diagnosis.findings.map((finding) => ofFinding(view, finding, diagnosis)),
    ...SOURCES.flatMap((source) => drawn(source, scene)),
  ];
  const causes = distinctCauses(drafts.map((draft) => weighed(scene, draft)));
  const actions = rankedActions(view, causes).slice(0, limits.actions);
  const kept = keptCauses(causes, actions, limits.causes);
  const ids = new Map(kept.map((cause, index) => [cause, `H${index + 1}`]));
  return {
    causes: kept.map((cause) => causeOf(cause, ids.get(cause)!)),
    actions: actions.map(({ draft, causes: own }, index) =>
      actionOf(
        draft,
        `A${index + 1}`,
        own.flatMap((cause) => ids.get(cause) ?? []),
      ),
    ),
  };
}

function drawn(source: Source, scene: Scene): CauseDraft[] {
  return source(scene).map((cause) => ({
    ...cause,
    actions: cause.actions.filter(({ changes }) => changes.length > 0),
  }));
}

/** What a rule is sure of stands above what only the look of things says. */
function ofFinding(view: ClusterView, finding: Finding, { hypotheses }: BrainDiagnosis): CauseDraft {
  const fixes = finding.fixes;
  const hypothesis = hypotheses.find(({ cause }) => cause === finding.id);
  const weight = finding.severity === 'info' ? 0.3 : 1;
  const certain = (confidence: number): number => weight * (1 - (1 - confidence) * 0.6);
  return {
    object: finding.object,
    what: finding.id,
    text: finding.message,
    evidence: finding.evidence,
    score: certain(hypothesis?.confidence ?? fixes[0]?.confidence ?? 0.4) - (hypothesis ? 0 : 0.1),
    finding: finding.id,
    settled: true,
    actions: fixes.map((fix) => ofFix(view, fix, certain(fix.confidence))),
  };
}

function ofFix(view: ClusterView, { changes, files, expects }: Fix, score: number): ActionDraft {
  return {
    changes,
    ...(files ? { files } : {}),
    text: changesText(view, changes),
    origin: 'playbook',
    score,
    expects,
  };
}

function weighed({ focus }: Scene, cause: CauseDraft): CauseDraft {
  if (cause.settled) return cause;
  const weight = focus.weightOf(cause.object) * WITHOUT_RULE;
  const scored = (score: number): number => score * weight;
  return {
    ...cause,
    score: scored(cause.score),
    actions: cause.actions.map((action) => ({ ...action, score: scored(action.score) })),
  };
}

/** Each cause once, where it is surest, best first. */
function distinctCauses(drafts: CauseDraft[]): CauseDraft[] {
  const seen = new Map<string, CauseDraft>();
  for (const cause of [...drafts].sort((a, b) => b.score - a.score)) {
    const key = `${refKey(refFor(cause.object))} ${cause.what}`;
    if (!seen.has(key)) seen.set(key, cause);
  }
  return [...seen.values()].sort((a, b) => b.score - a.score || compared(keyOf(a), keyOf(b)));
}

interface Ranked {
  draft: ActionDraft;
  causes: CauseDraft[];
}

/** Each effect once, best first; further actions for one object make way for those for others. */
function rankedActions(view: ClusterView, causes: readonly CauseDraft[]): Ranked[] {
  const byEffect = new Map<string, Ranked>();
  for (const cause of causes) {
    for (const draft of cause.actions) {
      const effect = effectOf(view, draft.changes, draft.files);
      const known = byEffect.get(effect);
      if (!known) byEffect.set(effect, { draft, causes: [cause] });
      else {
        if (!known.causes.includes(cause)) known.causes.push(cause);
        const better = rankOf(draft) > rankOf(known.draft) ? draft : known.draft;
        known.draft = { ...better, score: Math.max(draft.score, known.draft.score) };
      }
    }
  }
  const all = [...byEffect].sort(([a, { draft: x }], [b, { draft: y }]) => y.score - x.score || compared(a, b));
  const perObject = new Map<string, number>();
  return all
    .map(([effect, ranked]) => {
      const key = objectKey(ranked.draft);
      const before = perObject.get(key) ?? 0;
      perObject.set(key, before + 1);
      return { effect, ranked, rank: ranked.draft.score * MORE_OF_SAME ** before };
    })
    .sort((a, b) => b.rank - a.rank || compared(a.effect, b.effect))
    .map(({ ranked, rank }) => ({ ...ranked, draft: { ...ranked.draft, score: rank } }));
}

/** Of two spellings of one effect, a rule's own is kept. */
function rankOf({ origin, score }: ActionDraft): number {
  return (origin === 'playbook' ? 1 : 0) + score;
}

/** The causes of the actions that are offered come before others: what nobody can do anything about helps no choice. */
function keptCauses(causes: readonly CauseDraft[], actions: readonly Ranked[], limit: number): CauseDraft[] {
  const offered = new Set(actions.flatMap((action) => action.causes));
  const first = causes.filter((cause) => offered.has(cause) || cause.finding !== undefined);
  const kept = new Set([...new Set([...first, ...causes])].slice(0, limit));
  return causes.filter((cause) => kept.has(cause));
}

function causeOf({ object, text, evidence, score, finding }: CauseDraft, id: string): CauseCandidate {
  return {
    id,
    object: refFor(object),
    text: line(text),
    evidence: evidence.map((each) => ({ ...each, text: line(each.text) })),
    score: rounded(score),
    ...(finding === undefined ? {} : { finding }),
  };
}

function actionOf(
  { changes, files = [], text, origin, score, expects }: ActionDraft,
  id: string,
  causes: string[],
): ActionCandidate {
  return {
    id,
    object: objectOf(changes),
    changes,
    files,
    text: line(text),
    origin,
    causes,
    score: rounded(score),
    expects: line(expects),
  };
}

function line(text: string): string {
  return oneLine(redact(text), LINE);
}

function rounded(score: number): number {
  return Math.round(Math.min(1, Math.max(0, score)) * 1000) / 1000;
}

/** The first object that is changed; of what only creates something, the place that it is created in. */
function objectOf(changes: ActionDraft['changes']): ObjectRef {
  const object = changes.map(changedObject).find((each) => each !== null);
  if (object) return object;
  const [first] = changes;
  if (first?.type === 'start-job') return first.cronJob;
  const namespace = first?.type === 'create' ? first.namespace : '';
  return { apiVersion: 'v1', kind: 'Namespace', name: namespace };
}

function objectKey(draft: ActionDraft): string {
  return refKey(objectOf(draft.changes));
}

function refFor(object: KubeObject | ObjectRef): ObjectRef {
  return 'metadata' in object ? refOf(object as KubeObject) : (object as ObjectRef);
}

function keyOf(cause: CauseDraft): string {
  return `${refKey(refFor(cause.object))} ${cause.what}`;
}

function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
