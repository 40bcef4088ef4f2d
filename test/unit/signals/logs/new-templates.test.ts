import { describe, expect, it } from 'vitest';
import type { LogLine } from '../../../../src/domain/telemetry.ts';
import { comparedLogs } from '../../../../src/signals/logs/new-templates.ts';

const lines = (count: number, text: (index: number) => string): LogLine[] =>
  Array.from({ length: count }, (_, index) => ({ at: index, text: text(index), pod: 'web-1', container: 'web' }));
const served = (index: number) => `INFO served request ${index} in ${index % 7}ms`;

describe('logs compared', () => {
  it('tell what is new since, trouble first, with counts', () => {
    const before = lines(40, served);
    const after = [
      ...lines(30, served),
      ...lines(3, () => 'INFO cache is cold'),
      ...lines(5, (index) => `ERROR cannot reach store: dial tcp 10.0.0.${index}:6379 refused`),
    ];
    const { changes, unknown } = comparedLogs(before, after);
    expect(unknown).toBeNull();
    expect(changes.map(({ template, before: old, after: since, isNew }) => [template.text, old, since, isNew])).toEqual(
      [
        ['ERROR cannot reach store: dial tcp <ip> refused', 0, 5, true],
        ['INFO cache is cold', 0, 3, true],
        ['INFO served request <num> in <num>', 40, 30, false],
      ],
    );
  });

  it('call nothing new where too little, or not all, was read from before', () => {
    const after = lines(3, () => 'ERROR out of cheese');
    expect(comparedLogs(lines(5, served), after)).toMatchObject({
      unknown: expect.stringMatching(/only 5 lines/),
      changes: [{ isNew: false, before: 0, after: 3 }],
    });
    expect(comparedLogs(lines(50, served), after, true).unknown).toMatch(/more lines/);
  });

  it('take no silence for quiet', () => {
    expect(comparedLogs(lines(50, served), [])).toMatchObject({
      changes: [],
      unknown: expect.stringMatching(/no line at all has come since/) as string,
    });
    expect(comparedLogs([], []).unknown).toMatch(/only 0 lines/);
  });

  it('keep stack traces of containers apart that are mixed', () => {
    const trace = ['panic: no memory', 'goroutine 1 [running]:', 'main.main()', '\t/src/main.go:5 +0x2f'];
    const mixed = trace.flatMap((text, at): LogLine[] => [
      { at, text, pod: 'a', container: 'c' },
      { at, text: served(at), pod: 'b', container: 'c' },
    ]);
    const { changes } = comparedLogs(lines(40, served), mixed);
    expect(changes.map(({ after, template }) => [after, template.lines])).toEqual([
      [1, 4],
      [4, 44],
    ]);
  });
});
