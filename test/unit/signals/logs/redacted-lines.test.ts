import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogLine } from '../../../../src/domain/telemetry.ts';
import { redactedLines } from '../../../../src/signals/logs/redacted-lines.ts';

const line = (at: number, text: string, pod = 'web-1'): LogLine => ({ at, text, pod, container: 'web' });

describe('lines of logs', () => {
  it('lose credentials, and keep their time and place', () => {
    const lines = redactedLines([line(1, 'login with password=hunter2-and-more'), line(2, 'all is well')]);
    expect(lines.map(({ at, pod }) => [at, pod])).toEqual([
      [1, 'web-1'],
      [2, 'web-1'],
    ]);
    expect(lines[0]!.text).not.toContain('hunter2');
    expect(lines[1]!.text).toBe('all is well');
  });

  it('lose a key that is written over several lines, although others write in between', () => {
    const key = [
      '-----BEGIN RSA PRIVATE KEY-----',
      'MIIEowIBAAKCAQEAsecretsecret',
      'bW9yZXNlY3JldA==',
      '-----END RSA PRIVATE KEY-----',
    ];
    const mixed = [line(0, 'before'), ...key.map((text, index) => line(10 + index * 2, text)), line(30, 'after')];
    const others = [11, 13, 15].map((at) => line(at, `other ${at}`, 'db-1'));
    const lines = redactedLines([...mixed, ...others]);
    const text = lines.map((one) => one.text).join('\n');
    expect(text).not.toMatch(/MIIEow|bW9yZX/);
    expect(lines.find(({ text: said }) => said === 'after')).toMatchObject({ at: 30, pod: 'web-1' });
    expect(lines.filter(({ pod }) => pod === 'db-1').map((one) => one.text)).toEqual([
      'other 11',
      'other 13',
      'other 15',
    ]);
  });

  it('are no more than there were, each with a time of its own container', () => {
    const any = fc.record({
      at: fc.nat(50),
      text: fc.oneof(
        fc.string(),
        fc.constantFrom('-----BEGIN EC PRIVATE KEY-----', '-----END EC PRIVATE KEY-----', 'a\u0001b'),
      ),
      pod: fc.constantFrom('a', 'b'),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), (lines) => {
        const left = redactedLines(lines);
        expect(left.length).toBeLessThanOrEqual(lines.length);
        for (const { at, pod, text } of left) {
          expect(lines.some((one) => one.at === at && one.pod === pod)).toBe(true);
          expect(text).not.toMatch(/[\n\u0001]/);
        }
      }),
    );
  });
});
