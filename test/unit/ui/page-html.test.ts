import { describe, expect, it } from 'vitest';
import { pageHtml } from '../../../src/ui/views/page-html.ts';
import { isToHost } from '../../../webview/protocol/requests.ts';

const parts = {
  script: 'https://x/run.js',
  style: 'https://x/run.css',
  cspSource: 'https://x',
  nonce: 'n0nce',
  language: 'en',
  title: '<b>',
};

describe('pageHtml', () => {
  it('allows scripts only by nonce and styles only from the extension', () => {
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(pageHtml(parts))![1]!;
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      'style-src https://x',
      "script-src 'nonce-n0nce'",
      "base-uri 'none'",
      "form-action 'none'",
    ]);
  });

  it('has no inline script, style or handler, and escapes what it is given', () => {
    const html = pageHtml(parts);
    expect(html).not.toMatch(/<style|style=|onload=|onclick=|javascript:|<b>/);
    expect([...html.matchAll(/<script/g)]).toHaveLength(1);
  });
});

describe('isToHost', () => {
  it('takes only known requests with plain parameters', () => {
    const request = { type: 'request', id: 1, name: 'approve', params: { run: 'r', hash: 'h' } };
    expect(isToHost(request)).toBe(true);
    expect(isToHost({ ...request, name: 'constructor' })).toBe(false);
    expect(isToHost({ ...request, params: { run: {} } })).toBe(false);
    expect(isToHost({ ...request, id: '1' })).toBe(false);
    expect(isToHost('approve')).toBe(false);
  });
});
