import { describe, expect, it } from 'vitest';
import { jsonAccept, redactingWatch, redactSecretJson } from '../../../src/gateway/secrets/redact.ts';
import { SecretScrubber } from '../../../src/gateway/secrets/secret-scrubber.ts';

const VALUE = 'Y29ycmVjdC1ob3JzZQ==';
const secret = () => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: 'login',
    annotations: {
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ data: { password: VALUE } }),
      'other.tool/copy': JSON.stringify({ data: { password: VALUE } }),
      note: 'kept',
    },
  },
  data: { password: VALUE },
  stringData: { plain: 'correct-horse' },
});

describe('redactSecretJson', () => {
  it.each<[string, unknown]>([
    ['a Secret', secret()],
    ['a list', { kind: 'SecretList', apiVersion: 'v1', items: [{ ...secret(), kind: undefined }] }],
    ['a watch event', { type: 'ADDED', object: secret() }],
    ['a table', { kind: 'Table', rows: [{ cells: ['login'], object: secret() }] }],
    [
      'a table in a watch event',
      { type: 'MODIFIED', object: { kind: 'Table', rows: [{ cells: [], object: secret() }] } },
    ],
    ['something unknown', { kind: 'Mystery', data: { password: VALUE }, items: [secret()] }],
    ['data of an odd form', { kind: 'Secret', metadata: {}, data: [VALUE] }],
    ['text', VALUE],
  ])('blanks %s', (_name, value) => {
    const text = JSON.stringify(redactSecretJson(structuredClone(value)));
    expect(text).not.toContain(VALUE);
    expect(text).not.toContain('correct-horse');
  });

  it('keeps keys, names and plain annotations', () => {
    expect(redactSecretJson(secret())).toMatchObject({
      metadata: { name: 'login', annotations: { note: 'kept' } },
      data: { password: '' },
    });
  });

  it('leaves errors readable', () => {
    const status = { kind: 'Status', code: 403, message: 'secrets is forbidden' };
    expect(redactSecretJson({ ...status })).toEqual(status);
  });
});

describe('redactingWatch', () => {
  it('passes each event on as soon as it is complete, wherever the stream is cut', async () => {
    const text = `${JSON.stringify({ type: 'ADDED', object: secret() })}\n${JSON.stringify({ type: 'DELETED', object: secret() })}\nnot json\n`;
    for (const size of [1, 7, 1000]) {
      const stream = redactingWatch();
      let out = '';
      stream.on('data', (chunk) => (out += String(chunk)));
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size));
      stream.end();
      await new Promise((resolve) => stream.on('end', resolve));
      expect(
        out
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { type: string }).type),
      ).toEqual(['ADDED', 'DELETED']);
      expect(out).not.toContain(VALUE);
    }
  });
});

describe('jsonAccept', () => {
  it.each([
    ['application/vnd.kubernetes.protobuf,application/json', 'application/json'],
    [
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    ],
    ['application/yaml', 'application/json'],
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
  ])('%s -> %s', (given, expected) => {
    expect(jsonAccept(given)).toBe(expected);
  });
});

describe('SecretScrubber', () => {
  it('blanks learnt values in any encoding', () => {
    const scrubber = new SecretScrubber();
    scrubber.learn({ kind: 'SecretList', items: [secret()] });
    expect(scrubber.scrub(`a ${VALUE} b correct-horse c`)).toBe('a «secret» b «secret» c');
  });
});
