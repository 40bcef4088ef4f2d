import { describe, expect, it } from 'vitest';
import { defaultGrammar } from '../../../src/kubectl/grammar/grammar.ts';
import { compareWithKubectl } from '../../testbed/kubectl-harness/differential.ts';
import { isHarnessCached } from '../../testbed/kubectl-harness/harness.ts';
import { treeDifferences } from '../../testbed/kubectl-harness/tree-differences.ts';

const RUNS = Number(process.env['STRATUS_DIFFERENTIAL_RUNS'] ?? 1000);
const SEED = Number(process.env['STRATUS_DIFFERENTIAL_SEED'] ?? 20261121);

describe.runIf(isHarnessCached())('parse against kubectl’s own command tree', () => {
  it('chooses the same command and flag values for random argvs', { timeout: 15 * 60_000 }, () => {
    const differences = compareWithKubectl(RUNS, SEED);
    expect(differences.slice(0, 10)).toEqual([]);
  });

  it('knows every command, alias, flag, shorthand and arity, hidden ones too', () => {
    expect(treeDifferences(defaultGrammar())).toEqual([]);
  });
});
