import type { ActionCandidate, Candidates, CauseCandidate } from '../../../src/agents/candidates/candidate.ts';
import { kubectlSteps } from '../../../src/domain/plan.ts';
import type { ChoiceRow } from '../../catalogue/page/models-page.ts';
import type { ProposedChange } from '../../catalogue/truth/effects.ts';
import { isRightCause, judgeCandidates } from '../../catalogue/truth/judge-candidates.ts';
import type { ActionVerdict } from '../../catalogue/truth/judge-action.ts';
import { judgeAction } from '../../catalogue/truth/judge-action.ts';
import { createRandom } from '../../judge/random.ts';
import type { Case } from './case.ts';

/** Ids that were put first; null where that could not be had. */
export interface Ranked {
  cause: CauseCandidate['id'] | null;
  action: ActionCandidate['id'] | null;
  asked: NonNullable<ChoiceRow['asked']>;
}

/** Judges the candidates of one incident, and whoever chose among them. @param ranked by a model; null: none was asked */
export function choiceRow(
  one: Case,
  { model, playbooks, candidates }: { model: string; playbooks: boolean; candidates: Candidates },
  ranked: Ranked | null,
): ChoiceRow {
  const { causes, actions } = judgeCandidates(candidates, one.truth);
  const isIn = (verdicts: readonly ActionVerdict[]) =>
    actions.map(({ id, verdict }) => ({ id, right: verdicts.includes(verdict) }));
  const exact = isIn(['restores']);
  const close = isIn(['restores', 'near']);
  const plan = planVerdict(one);
  const row = (offered: readonly { id: string; right: boolean }[], playbook: boolean, chosen: string | null) => ({
    model: ranked ? Number(offered.some(({ id, right }) => right && id === chosen)) : null,
    playbook: Number(playbook),
    first: Number(offered[0]?.right ?? false),
    blind: offered.length === 0 ? 0 : offered.filter(({ right }) => right).length / offered.length,
  });
  const [finding] = one.diagnosis.findings;
  return {
    ...{ entry: one.entry, seed: one.seed, model, playbooks },
    ...{ causes: causes.length, actions: actions.length },
    causePresent: causes.some(({ right }) => right),
    actionPresent: exact.some(({ right }) => right),
    nearPresent: close.some(({ right }) => right),
    cause: row(
      causes,
      finding !== undefined && isRightCause({ ...finding, text: finding.message }, one.truth),
      ranked?.cause ?? null,
    ),
    action: row(exact, plan === 'restores', ranked?.action ?? null),
    near: row(close, plan === 'restores' || plan === 'near', ranked?.action ?? null),
    asked: ranked?.asked ?? null,
  };
}

/** What the catalogue says of the playbooks' first plan; null where they have none. */
export function planVerdict({ proposal, truth }: Pick<Case, 'proposal' | 'truth'>): ActionVerdict | null {
  if (proposal.type !== 'plan') return null;
  const { plan } = proposal;
  const changes = [
    ...kubectlSteps(plan).flatMap(({ change }) => change ?? []),
    ...plan.steps.flatMap((step) => (step.type === 'runbook' ? [{ type: 'action' as const, call: step.action }] : [])),
  ] as ProposedChange[];
  return judgeAction({ changes, files: plan.files }, truth);
}

/** In another order, with ids of that order. */
export function shuffled(
  listed: readonly { id: string; text: string }[],
  purpose: string,
  seed: number,
): { id: string; text: string; of: string }[] {
  const letter = listed[0]?.id[0] ?? '';
  return createRandom(seed, purpose)
    .shuffle(listed)
    .map(({ id, text }, index) => ({ id: `${letter}${index + 1}`, text, of: id }));
}
