import { describe, expect, test } from 'vitest';
import type { ModelEndpoint } from '../../../src/domain/model-settings.ts';
import { reachOf } from '../../../src/model/reach.ts';

const endpoint = (baseUrl: string, more: Partial<ModelEndpoint> = {}): ModelEndpoint => ({
  provider: 'openai', baseUrl, model: 'm', apiKey: 'sk-secret', ...more,
}); // prettier-ignore

describe('the address of a model', () => {
  test.each(['http://127.0.0.1:8080/v1', 'http://localhost:1234/v1', 'http://[::1]:8000/v1'])(
    '%s is on this machine',
    (url) => {
      expect(reachOf(endpoint(url))).toMatchObject({ loopback: true, shown: url });
    },
  );

  test.each([
    'http://10.1.2.3/v1', 'http://172.16.0.1/v1', 'http://192.168.1.5:8000/v1', 'http://100.64.0.1/v1', 'http://[fd00::1]/v1',
    'http://gpu:8000/v1', 'http://gpu.lan/v1', 'http://models.default.svc.cluster.local/v1', 'https://api.example.com/v1',
  ])('%s may have the key', (url) => {
    expect(reachOf(endpoint(url)).loopback).toBe(false);
  }); // prettier-ignore

  test.each([
    'http://api.example.com/v1',
    'http://8.8.8.8/v1',
    'http://172.32.0.1/v1',
    'http://100.128.0.1/v1',
    'http://[2001:db8::1]/v1',
    'http://127.0.0.1.example.com/v1',
  ])('%s may not, and may be asked without one', (url) => {
    expect(() => reachOf(endpoint(url))).toThrow(/use https/);
    expect(reachOf(endpoint(url, { apiKey: null })).loopback).toBe(false);
  });

  test.each([
    ['ftp://x/v1', {}, /http or https/],
    ['not an address', {}, /http or https/],
    ['https://user:pw@x/v1', {}, /user or password/],
    ['', { provider: 'azure' as const }, /Azure/],
  ])('%s with %j is refused', (url, more, words) => {
    expect(() => reachOf(endpoint(url, more))).toThrow(words);
  });

  test('is shown without what may be secret in it', () => {
    expect(reachOf(endpoint('https://x.example/v1/?sig=secret#part')).shown).toBe('https://x.example/v1');
    expect(() => reachOf(endpoint('tcp://user:secret@x?sig=secret'))).toThrow(/^(?!.*secret)/);
  });

  test('is the provider’s own where none is given', () => {
    expect(reachOf(endpoint(''))).toMatchObject({ shown: 'https://api.openai.com/v1' });
  });
});
