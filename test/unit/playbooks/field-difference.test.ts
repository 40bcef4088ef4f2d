import { expect, it } from 'vitest';
import { differencesOf } from '../../../src/agents/playbooks/clues/patches/field-difference.ts';
import { RawNumber } from '../../../src/json/raw-number.ts';

it('takes a number for one value, however it was read', () => {
  const [now, before] = [RawNumber.of('1.50'), RawNumber.of('2.50')];
  expect(differencesOf({ weight: now }, { weight: before }, '')).toEqual([{ pointer: '/weight', now, before }]);
});
