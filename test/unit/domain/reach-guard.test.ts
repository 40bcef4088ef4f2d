import { describe, expect, it } from 'vitest';
import type { CallsAtRisk } from '../../../src/domain/blast-radius.ts';
import { personForReach, USUAL_MAX_CALLERS } from '../../../src/domain/reach-guard.ts';

const calls = (callerCount: number, unknown: string[] = []): CallsAtRisk => ({
  callers: [],
  callerCount,
  callees: [],
  calleeCount: 0,
  perSecond: null,
  isPartial: false,
  bySettings: false,
  unknown,
});

describe('a person by reach', () => {
  it('is wanted above the usual number, or the one that somebody set', () => {
    expect(personForReach(calls(USUAL_MAX_CALLERS), undefined)).toBeNull();
    expect(personForReach(calls(USUAL_MAX_CALLERS + 1), undefined)).toMatch(
      /^26 workloads call what it changes.* be 25$/,
    );
    expect(personForReach(calls(2), 2)).toBeNull();
    expect(personForReach(calls(3), 2)).toMatch(/^3 workloads/);
    expect(personForReach(calls(1), 0)).toMatch(/^1 workload /);
  });

  it('is wanted for what is unknown only where somebody set a number', () => {
    const unknown = calls(0, ['Deployment/shop/cart']);
    expect(personForReach(unknown, undefined)).toBeNull();
    expect(personForReach(unknown, 5)).toBe(
      'who calls Deployment/shop/cart is not known, and unasked no more than 5 callers may be reached',
    );
    expect(personForReach(undefined, 5)).toBeNull();
  });
});
