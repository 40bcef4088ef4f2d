import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { caseBudget } from '../../src/agents/model/evidence/case-budget.ts';
import { caseFile } from '../../src/agents/model/evidence/case-file.ts';
import { EvidenceDesk } from '../../src/agents/model/evidence/evidence-desk.ts';
import type { BrainDiagnosis } from '../../src/domain/brain.ts';
import { estimatedTokens } from '../../src/domain/chat.ts';
import type { PromptRow } from '../catalogue/page/models-page.ts';
import { promptPart } from '../catalogue/page/models-page.ts';
import { keptIn } from '../catalogue/truth/kept-evidence.ts';
import type { Case } from './models/case.ts';
import { CASES, readCases, readsOf } from './models/case.ts';
import { rawText } from './models/raw-text.ts';
import { keepMeasured, measured } from './models/results.ts';

export const usage = '[--cases DIR] [--budget TOKENS]';

/**
 * How long the recorded incidents are as a model is told them, against all that is in reach, and whether what tells the
 * cause is kept. Recorded with `record-cases`; the figures go to docs/benchmark-models.md with `model --write-docs`.
 */
export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { cases: { type: 'string', default: CASES }, budget: { type: 'string', default: '6000' } },
  });
  const most = Number(values.budget);
  if (!(most >= 1)) throw new Error('--budget takes a number of tokens from 1');
  const rows: PromptRow[] = [];
  for (const one of readCases(resolve(values.cases))) {
    const row = await promptRow(one, most);
    rows.push(row);
    const { raw, compressed, kept, alone } = row;
    const lost = (what: PromptRow['kept']) => Object.entries(what).flatMap(([name, is]) => (is ? [] : [name]));
    process.stdout.write(
      `${row.entry} ${row.seed}: ${raw} → ${compressed} (${((compressed / raw) * 100).toFixed(1)} %); lost: ${lost(kept).join(', ') || 'nothing'}; without playbooks ${alone.compressed}, lost: ${lost(alone.kept).join(', ') || 'nothing'}\n`,
    );
  }
  keepMeasured('prompt', rows);
  process.stdout.write(`\n${promptPart(measured<PromptRow>('prompt'))}\n`);
}

export async function promptRow(one: Case, most: number): Promise<PromptRow> {
  const budgetTokens = caseBudget(one.snapshot, most);
  const told = async (playbook: BrainDiagnosis | null) => {
    const { snapshot, severity } = one;
    const { signal } = new AbortController();
    const evidence = new EvidenceDesk();
    const text = await caseFile({ snapshot, severity, reads: readsOf(one), playbook, evidence, signal, budgetTokens });
    return { compressed: estimatedTokens(text), kept: keptIn(text, one.truth) };
  };
  return {
    ...{ entry: one.entry, seed: one.seed, raw: estimatedTokens(rawText(one, true)) },
    namespaced: estimatedTokens(rawText(one, false)),
    ...(await told(one.diagnosis)),
    alone: await told(null),
    budget: budgetTokens,
  };
}
