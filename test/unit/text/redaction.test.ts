import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact, Redactor, withoutEmails } from '../../../src/text/redact.ts';
import { LOOK_ALIKES } from '../../fixtures/redaction/look-alikes.ts';
import { SECRETS } from '../../fixtures/redaction/secrets.ts';

/** Of a key without its end, everything that follows may be part. */
const WHOLE = SECRETS.filter(([text]) => !text.endsWith('cut off'));

describe('secrets', () => {
  it('there are enough of them, and of what only looks like one', () => {
    expect(SECRETS.length).toBeGreaterThanOrEqual(80);
    expect(LOOK_ALIKES.length).toBeGreaterThanOrEqual(80);
    for (const [text, secret] of SECRETS) expect(text.replaceAll('\\', '')).toContain(secret);
  });

  it.each(SECRETS.map(([text, secret], n) => [n, text, secret] as const))('%i is masked: %s', (_n, text, secret) => {
    for (const around of [text, `before\n${text}\nafter`, `${text}\n${text}`])
      expect(redact(around)).not.toContain(secret);
    expect(redact(text)).toContain('[redacted');
  });

  it.each(LOOK_ALIKES)('is none: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('what surrounds them stays, and redacting again changes nothing', () => {
    for (const [text] of WHOLE) {
      const once = redact(`first line\n${text}\nlast line`);
      expect(once.startsWith('first line\n') && once.endsWith('\nlast line'), once).toBe(true);
      expect(redact(once)).toBe(once);
    }
  });

  it('all of them in one text are masked', () => {
    const text = redact(WHOLE.map(([each]) => each).join('\n----\n'));
    for (const [, secret] of WHOLE) expect(text).not.toContain(secret);
  });
});

describe('texts that belong together', () => {
  it('have equal secrets masked alike, different ones differently, also where nothing tells that it is one', () => {
    const redactor = new Redactor();
    const [one, two] = ['geo-pass-4711', 'other-pass-0815'];
    expect(redactor.redact(`password=${one} old_password=${two}`)).toBe(
      'password=[redacted] old_password=[redacted 2]',
    );
    expect(redactor.redact(`login with ${one} failed, DB_PASSWORD: ${two}`)).toBe(
      'login with [redacted] failed, DB_PASSWORD: [redacted 2]',
    );
  });
});

it('e-mail addresses are masked on request', () => {
  expect(withoutEmails('mail to ada.l@example.org or bob+x@mail.example.co.uk, not user@host')).toBe(
    'mail to [e-mail] or [e-mail], not user@host',
  );
});

describe('any text', () => {
  it('is answered', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        expect(typeof redact(text)).toBe('string');
      }),
    );
  });

  const HOSTILE = [
    'password', 'password ', 'password=', 'password: |\n', 'a', ' ', '"', "'", '\\', '\\"', 'a:', 'a://', 'a://b:c', 'eyJaaaaaaaaa.', '-----BEGIN A KEY-----', 'basic ',
    '{"kind":"Secret","data":{', '"name":"password","value":"', 'name: token\nvalue: ', 'login a password ', 'A1b2', 'x@', '@', 'mysql -p"',
    'docker ', '----', 'kind: Secret\ndata:\n', '  token:\n', 'sk-', 'a.b-', ':_auth=', '[]uint8{0x1,',
  ]; // prettier-ignore

  // Where a pattern took time that grows with the square of the text, none of these would end within the test's limit.
  it.each(HOSTILE)('%j again and again, a megabyte of it, comes to an end', (piece) => {
    expect(typeof redact(piece.repeat(Math.ceil(1_000_000 / piece.length)))).toBe('string');
  });
});
