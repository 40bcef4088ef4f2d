import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { EDITOR_BUNDLES, ROOT, buildAll, bundleForHost } from '../../scripts/build.ts';
import type { EditorServer } from './code-server.ts';
import { launchBrowser, startEditorServer, workbenchUrl } from './code-server.ts';
import type { SuiteReport } from './harness.ts';

export interface HostSuiteOptions {
  /** Progress for people; standard error by default. */
  say?: (text: string) => void;
  /** A cluster with the fault `target-port` in the demo application; without one those tests count as skipped. */
  cluster?: { kubeconfig: string; context: string; namespace: string; kubectl?: string };
  timeoutMs?: number;
  /** False when dist/ is known to be fresh. */
  build?: boolean;
}

export const SUITE_FILE = join(ROOT, 'dist', 'test', 'host-suite.cjs');

/** Environment that the suite in the extension host expects. */
export function suiteEnvironment(scratch: string, cluster: HostSuiteOptions['cluster']): Record<string, string> {
  return {
    STRATUS_HOST_REPORT: join(scratch, 'report.json'),
    STRATUS_HOME: join(scratch, 'state'),
    KUBECONFIG: cluster?.kubeconfig ?? join(scratch, 'no-kubeconfig'),
    STRATUS_HOST_CLUSTER: cluster ? JSON.stringify({ context: cluster.context, namespace: cluster.namespace }) : '',
  };
}

/** Settings of the editor under test. */
export function suiteSettings(cluster: HostSuiteOptions['cluster']): Record<string, unknown> {
  return cluster?.kubectl ? { 'stratus.kubectl.path': cluster.kubectl } : {};
}

/**
 * Runs the host suite in the real extension host of a real VS Code in a headless browser.
 * @throws only when the editor cannot be had; test failures are in the report.
 */
export async function runHostSuite(options: HostSuiteOptions = {}): Promise<SuiteReport> {
  const say = options.say ?? ((text) => console.error(text));
  if (options.build !== false) await buildAll(EDITOR_BUNDLES);
  await bundleForHost('test/host/suite.ts', SUITE_FILE);
  const scratch = await mkdtemp(join(tmpdir(), 'stratus-host-'));
  let server: EditorServer | undefined;
  let browser: Browser | undefined;
  try {
    const env = suiteEnvironment(scratch, options.cluster);
    server = await startEditorServer({ say, env, settings: suiteSettings(options.cluster) });
    browser = await launchBrowser(say);
    const failure = await drive(server, browser, scratch, say, options.timeoutMs ?? 420_000);
    const report = await readFile(env.STRATUS_HOST_REPORT!, 'utf8').then(
      (text) => JSON.parse(text) as SuiteReport,
      (): SuiteReport => ({ passed: 0, failed: 0, skipped: 0, failures: [], notes: [] }),
    );
    // A suite that died before its report must not look like one without failures.
    if (failure && report.failed === 0) {
      report.failed += 1;
      report.failures.push(`extension host: ${failure}\n${server.tail()}`);
    }
    return report;
  } finally {
    await browser?.close();
    await server?.stop();
    await rm(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** @returns why the suite did not end well; empty when it did. */
async function drive(
  server: EditorServer,
  browser: Browser,
  folder: string,
  say: (text: string) => void,
  timeoutMs: number,
): Promise<string> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no end within ${timeoutMs / 1000} s`), timeoutMs);
    // Both must exist before the workbench loads.
    void page.exposeFunction('codeAutomationExit', (code: number) => resolve(code === 0 ? '' : `exit code ${code}`));
    void page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => {
      const text = args.map(String).join(' ');
      if (/^(ok {3}|FAIL )/.test(text)) say(text);
    });
    void server.exited.then(() => resolve('the editor ended'));
  });
  try {
    await page.goto(workbenchUrl(server, folder, ROOT, [['extensionTestsPath', server.remote(SUITE_FILE)]]));
    return await ended;
  } finally {
    clearTimeout(timer);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const report = await runHostSuite();
  for (const failure of report.failures) console.error(failure);
  console.log(JSON.stringify({ suite: 'host-web', ...report, failures: report.failures.length }));
  process.exitCode = report.failed > 0 ? 1 : 0;
}
