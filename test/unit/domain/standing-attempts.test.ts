import { describe, expect, it } from 'vitest';
import type { AttemptRecord } from '../../../src/domain/brain.ts';
import { standingAttempts } from '../../../src/domain/brain.ts';
import { planOf } from '../../support/run-world.ts';

const attempt = (name: string, outcome: AttemptRecord['outcome'], reason: string): AttemptRecord => ({
  attempt: 1,
  plan: planOf(name),
  outcome,
  reason,
  lesson: '',
});
const standing = (...attempts: AttemptRecord[]) => standingAttempts(attempts).map(({ plan }) => plan.title);

const useless = attempt('useless', 'undone', 'nothing got better: severity 3 → 3');
const harmful = attempt('harmful', 'undone', 'severity rose from 3 to 4');
const refused = attempt('refused', 'failed', 'rehearsal: no');
const kept = attempt('kept', 'committed', 'healthy again');

describe('attempts whose plans are not tried again', () => {
  it('are all of them while nothing was mended', () => {
    expect(standing(useless, harmful, refused)).toEqual(['useless', 'harmful', 'refused']);
  });

  it('are not those that made nothing better before something else was mended', () => {
    expect(standing(useless, harmful, refused, kept)).toEqual(['harmful', 'refused', 'kept']);
    expect(standing(useless, kept, useless)).toEqual(['kept', 'useless']);
  });
});
