import { expect, it } from 'vitest';
import type { Finding } from '../../../src/domain/finding.ts';
import { foldFindings } from '../../../src/domain/fold-findings.ts';

const finding = (id: string): Finding => ({
  id,
  rule: id,
  severity: 'critical',
  object: { apiVersion: 'v1', kind: 'Pod', name: id },
  message: id,
  evidence: [],
  fixes: [],
});
const cause = (id: string, ...explains: string[]) => ({ cause: id, explains, confidence: 1, evidence: [], by: id });

it('puts each symptom under the first cause that explains it, and loses none', () => {
  const folded = foldFindings(['a', 'b', 'c', 'd'].map(finding), [cause('a', 'c', 'gone'), cause('b', 'c', 'b')]);
  expect(folded.map(({ finding: { id }, symptoms }) => [id, ...symptoms.map((one) => one.id)])).toEqual([
    ['a', 'c'],
    ['b'],
    ['d'],
  ]);
});

it('shows a symptom whose cause is not among the findings', () => {
  expect(foldFindings([finding('s')], [cause('elsewhere', 's')])).toHaveLength(1);
});
