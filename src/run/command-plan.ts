import type { Plan } from '../domain/plan.ts';
import { planText } from '../domain/plan.ts';
import { shownArgv } from '../kubectl/secret-words.ts';
import { sha256 } from './sha256.ts';

/** One command of an engineer, in the form that the gateway executes. */
export function commandPlan(argv: string[]): Plan {
  const steps = [{ argv, why: 'asked for by the engineer' }];
  return {
    hash: sha256(planText(steps, [])),
    title: shownArgv(argv).join(' '),
    findingId: '',
    steps,
    files: [],
    expects: '',
  };
}
