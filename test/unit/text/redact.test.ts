import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandText } from '../../../src/kubectl/command-text.ts';
import { changedLines } from '../../../src/cli/object-lines.ts';
import { parseJson, printJson } from '../../../src/json/lossless-json.ts';
import { harmless } from '../../../src/text/plain-text.ts';
import { presentable, presentableValue, redact } from '../../../src/text/redact.ts';

describe('redact', () => {
  it.each([
    ['Authorization: Bearer abcdefghijklmnop', 'abcdefghijklmnop'],
    ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl', 'eyJzdWIiOiIxMjM0In0'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----', 'MIIEow'],
    ['-----BEGIN EC PRIVATE KEY-----\nMHcCAQ cut off', 'MHcCAQ'],
    ['redis://geo:hunter2@redis:6379', 'hunter2'],
    ['REDIS_PASSWORD=hunter2 refused', 'hunter2'],
    ['{"apiKey":"hunter2","a":1}', 'hunter2'],
    ['{"env":[{"name":"DB_PASSWORD","value":"hunter2 \\"x"}]}', 'hunter2'],
    [JSON.stringify({ last: JSON.stringify([{ name: 'API_TOKEN', value: 'hunter2' }]) }), 'hunter2'],
    ['kubectl --token hunter2hunter2 get pods', 'hunter2hunter2'],
    ['kubectl create secret generic x --from-literal=key=hunter2', 'hunter2'],
  ])('blanks the value in %s', (text, secret) => {
    expect(redact(text)).not.toContain(secret);
  });

  it('leaves ordinary words alone', () => {
    const text = 'Secret/hotel/geo has 2 keys; the token endpoint answered 503 for Service geo port 9999';
    expect(redact(text)).toBe(text);
  });
});

describe('presentable', () => {
  it('removes control characters, terminal codes and text direction overrides', () => {
    expect(presentable('a\u0007b\u001b[31mc\u001b[0m\u202ed\r\ne', 100)).toBe('abcd\ne');
  });

  it('never returns more than the limit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.integer({ min: 1, max: 80 }), (text, limit) => {
        expect(presentable(text, limit).length).toBeLessThanOrEqual(limit);
      }),
    );
  });
});

describe('commandText', () => {
  it('quotes what a shell would take apart', () => {
    expect(commandText(['patch', 'svc', 'geo', '-p', '{"a": "it\'s"}'])).toBe(
      `kubectl patch svc geo -p '{"a": "it'\\''s"}'`,
    );
  });

  it.each([
    [['create', 'secret', 'generic', 'x', '--from-literal', 'key=hunter2']],
    [['create', 'secret', 'generic', 'x', '--from-literal=key=hunter2']],
    [['get', 'pods', '--token', 'hunter2']],
    [['get', 'pods', '--password=hunter2']],
  ])('blanks the secret in %j', (argv) => {
    expect(commandText(argv)).not.toContain('hunter2');
  });
});

const shop = (password: string, url: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web',
    annotations: { conn: url, last: JSON.stringify([{ name: 'DB_PASSWORD', value: password }]) },
  },
  spec: {
    imagePullSecrets: [{ name: 'registry-secret' }],
    env: [
      { name: 'DB_PASSWORD', value: password },
      { name: 'MODE', value: 'fast' },
    ],
    secretName: 'creds',
  },
});

describe('objects', () => {
  it('are shown without the values of what is named like a credential, and with the names of Secrets', () => {
    const shown = JSON.stringify(presentableValue({ object: shop('hunter2', 'db://u:hunter2@h/x?password=hunter2') }));
    expect(shown).not.toContain('hunter2');
    for (const word of ['registry-secret', 'creds', 'fast', 'DB_PASSWORD']) expect(shown).toContain(word);
  });

  it('are shown without them too as they come from the cluster', () => {
    const object = parseJson(JSON.stringify(shop('hunter2', 'db://u:hunter2@h')));
    const shown = printJson(presentableValue({ object, number: parseJson('[1.0]') }));
    expect(shown).not.toContain('hunter2');
    expect(shown).toContain('[1.0]');
  });

  it('still show that a credential changes', () => {
    const lines = changedLines(shop('hunter2', 'a'), shop('hunter3', 'db://u:hunter3@h'));
    expect(lines.join()).not.toMatch(/hunter[23]/);
    expect(lines.filter((line) => line.includes('spec.env[0].value'))).toHaveLength(2);
  });
});

it('what goes to a terminal acts on nothing but colours', () => {
  const hostile = 'a\u001b[31mred\u001b[0m\u001b[2J\u001b]0;t\u0007\u009b2J\u202e\u200f\u061cxyz\b\r\nnext\tcolumn';
  expect(harmless(hostile)).toBe('a\u001b[31mred\u001b[0m[2J]0;t2Jxyz\nnext\tcolumn');
});
