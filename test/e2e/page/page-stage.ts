import * as assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { ROOT } from '../../../scripts/build.ts';
import { pageHtml } from '../../../src/ui/views/page-html.ts';
import type { ToHost, ToPage } from '../../../webview/protocol/requests.ts';
import type { RunSnapshot } from '../../../webview/protocol/run-snapshot.ts';
import type { Theme } from './themes.ts';
import { themeClasses, themeCss } from './themes.ts';

const ORIGIN = 'http://page.test';

/** What the editor puts into a webview's scope. */
const EDITOR = `
  window.acquireVsCodeApi = () => ({
    postMessage: (message) => void window.toHost(message).then((answer) => window.postMessage(answer, '*')),
    setState: (state) => { window.pageState = state; },
  });
`;

/** The run view's own page in a browser, with a stand-in for the editor around it. No server is involved. */
export class PageStage {
  readonly page: Page;
  /** What the page asked its host, in order. */
  readonly requests: ToHost[] = [];
  /** Refusals by the content security policy. */
  readonly violations: string[] = [];
  /** The host answers nothing, as one whose process has died. */
  silent = false;

  readonly #waiting = new Set<() => void>();

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(
    browser: Browser,
    snapshot: RunSnapshot | null,
    options: { theme?: Theme; width?: number; height?: number; ownClock?: boolean } = {},
  ): Promise<PageStage> {
    const viewport = { width: options.width ?? 1180, height: options.height ?? 900 };
    const page = await browser.newPage({ viewport, locale: 'en-GB', timezoneId: 'UTC' });
    const stage = new PageStage(page);
    if (options.ownClock) await page.clock.install();
    page.on('console', (message) => {
      if (/Content Security Policy/i.test(message.text())) stage.violations.push(message.text());
    });
    page.on('pageerror', (error) => stage.violations.push(String(error)));
    await page.exposeFunction('toHost', async (message: ToHost): Promise<ToPage> => {
      if (stage.silent) return new Promise(() => undefined);
      stage.requests.push(message);
      for (const waiting of stage.#waiting) waiting();
      const result = message.name === 'ready' ? { snapshot } : { problem: '' };
      return { type: 'reply', id: message.id, result };
    });
    await page.addInitScript({ content: EDITOR });
    const parts = {
      script: `${ORIGIN}/run.js`,
      style: `${ORIGIN}/run.css`,
      cspSource: ORIGIN,
      nonce: 'nonce',
      language: 'en',
      title: 'Incident',
    };
    const html = pageHtml(parts).replace('<link', `<link rel="stylesheet" href="${ORIGIN}/theme.css"><link`);
    const files: Record<string, () => Promise<{ body: string; contentType: string }>> = {
      '/': async () => ({ body: html, contentType: 'text/html' }),
      '/theme.css': async () => ({ body: themeCss(options.theme ?? 'dark'), contentType: 'text/css' }),
      '/run.css': async () => ({ body: await dist('run.css'), contentType: 'text/css' }),
      '/run.js': async () => ({ body: await dist('run.js'), contentType: 'text/javascript' }),
    };
    await page.route('**/*', async (route) => {
      const file = files[new URL(route.request().url()).pathname];
      await (file ? route.fulfill(await file()) : route.fulfill({ status: 404, body: '' }));
    });
    await page.goto(`${ORIGIN}/`);
    await page.evaluate(`document.body.className += ${JSON.stringify(` ${themeClasses(options.theme ?? 'dark')}`)}`);
    await page.waitForSelector('main h1');
    return stage;
  }

  async push(snapshot: RunSnapshot): Promise<void> {
    const message: ToPage = { type: 'snapshot', snapshot };
    await this.page.evaluate(`window.postMessage(${JSON.stringify(message)}, '*')`);
  }

  /** Resolves with the first request of this name, made already or still to come. */
  async request(name: ToHost['name']): Promise<ToHost> {
    for (;;) {
      const found = this.requests.find((request) => request.name === name);
      if (found) return found;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`the page never asked for '${name}'`)), 30_000);
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
      this.#waiting.clear();
    }
  }

  close(): Promise<void> {
    return this.page.close();
  }
}

/** A test of the run view's page. */
export interface PageTest {
  name: string;
  run(browser: Browser): Promise<void>;
}

/** Opens the page, works on it, and closes it; an error or a refusal of the page fails. */
export async function onStage(
  browser: Browser,
  snapshot: RunSnapshot | null,
  work: (stage: PageStage) => Promise<void>,
  options: Parameters<typeof PageStage.open>[2] = {},
): Promise<void> {
  const stage = await PageStage.open(browser, snapshot, options);
  try {
    await work(stage);
    assert.deepEqual(stage.violations, [], 'no error and no refusal by the content security policy');
  } finally {
    await stage.close();
  }
}

function dist(name: string): Promise<string> {
  return readFile(join(ROOT, 'dist', 'webview', name), 'utf8');
}
