import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LIST_LIMIT_MS, PickerModel } from '../../../src/ui/editor/picker-model.ts';
import type { Choice, PickOptions } from '../../../src/ui/editor/prompts.ts';

const WORDS = { typed: (text: string) => `typed: ${text}`, unread: (why: string) => `unread: ${why}`, late: 'late' };
const choice = (label: string, description?: string): Choice<string> => ({
  label,
  value: label,
  ...(description === undefined ? {} : { description }),
});

function model(options: Partial<PickOptions<string>>, changed = () => undefined) {
  const typed = (text: string) => (/^[a-z-]+$/.test(text) ? choice(text) : null);
  return new PickerModel<string>({ title: '', placeholder: '', choices: [], typed, ...options }, WORDS, changed);
}
const labels = (one: PickerModel<string>, text: string) => one.rows(text).rows.map(({ label }) => label);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('what a picker shows', () => {
  const choices = ['default', 'team-payments-api', 'reservation', 'hotel-reservation'].map((name) => choice(name));

  it('takes the name of which a part was typed, and what was typed only as a row that says so, last', () => {
    for (const [typed, expected] of [
      ['hotel', 'hotel-reservation'],
      ['reserv', 'reservation'],
      ['api', 'team-payments-api'],
      ['RESERVATION', 'reservation'],
    ] as const) {
      const { rows, active } = model({ choices }).rows(typed);
      expect(active?.choice?.value, typed).toBe(expected);
      const raw = rows.findIndex(({ label }) => label.startsWith('typed:'));
      expect(raw === -1 || raw === rows.length - 1, typed).toBe(true);
    }
  });

  it('takes what was typed where no name matches, and offers no second row for a name that is there', () => {
    expect(model({ choices }).rows('elsewhere').active?.choice?.value).toBe('elsewhere');
    expect(labels(model({ choices }), 'default').filter((label) => label.includes('default'))).toEqual(['default']);
    expect(model({ choices }).rows('no space').active).toBeNull();
  });

  it('takes names before descriptions', () => {
    const one = model({ choices: [choice('a', 'https://prod'), choice('prod-b')] });
    const { rows, active } = one.rows('prod');
    expect(active?.label).toBe('prod-b');
    // Rows keep their places, whatever is typed.
    expect(rows.slice(0, 2).map(({ label }) => label)).toEqual(['a', 'prod-b']);
  });

  it('takes no row that cannot have been meant', () => {
    const one = model({ choices: [choice('default'), choice('hotel-reservation')] });
    const [first, second] = one.rows('otel-res').rows;
    expect([
      one.fits(first!, 'otel-res'),
      one.fits(second!, 'otel-res'),
      one.fits(second!, 'hr'),
      one.fits(first!, ''),
    ]).toEqual([false, true, true, true]);
  });

  it('adds what comes later, without repeating a name', async () => {
    const more = Promise.resolve([choice('default'), choice('web')]);
    const changed = vi.fn();
    const one = model({ choices: [choice('default')], more }, changed);
    expect(one.busy).toBe(true);
    await vi.runAllTimersAsync();
    expect(labels(one, '')).toEqual(['default', 'web']);
    expect(one.busy).toBe(false);
    expect(changed).toHaveBeenCalled();
  });

  it('says within 8 s that a list could not be read, and takes the names when they come after all', async () => {
    expect(LIST_LIMIT_MS).toBeLessThanOrEqual(8_000);
    let come: (names: Choice<string>[]) => void = () => undefined;
    const one = model({ choices: [choice('default')], more: new Promise((resolve) => (come = resolve)) });
    await vi.advanceTimersByTimeAsync(LIST_LIMIT_MS - 1);
    expect(labels(one, '')).toEqual(['default']);
    await vi.advanceTimersByTimeAsync(1);
    expect(labels(one, '')).toEqual(['default', 'late']);
    expect(one.rows('late').active?.choice?.value).not.toBeUndefined();
    come([choice('web')]);
    await vi.runAllTimersAsync();
    expect(labels(one, '')).toEqual(['default', 'web']);
  });

  it('says why a list could not be read; such a row cannot be taken', async () => {
    const one = model({ choices: [choice('default')], more: Promise.reject(new Error('you may not list them')) });
    await vi.runAllTimersAsync();
    const { rows } = one.rows('');
    expect(rows.at(-1)).toMatchObject({ label: 'unread: you may not list them', choice: null, alwaysShow: true });
  });
});
