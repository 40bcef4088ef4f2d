import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { EDITOR_BUNDLES, ROOT, buildAll, bundleForHost } from '../../scripts/build.ts';
import type { EditorServer } from './code-server.ts';
import { launchBrowser, startEditorServer, workbenchUrl } from './code-server.ts';
import { provideModelProvider } from './model-provider/provide.ts';
import { readInstance } from '../testbed/instance.ts';
import type { Instance } from '../testbed/instance-record.ts';
import { SHOP_NAMESPACE } from '../testbed/app/topology.ts';
import { editorSettings, withBrokenShop } from './broken-shop.ts';
import type { SuiteReport } from './harness.ts';
import { filesWith, TEST_KEY } from './key-search.ts';

export interface HostSuiteOptions {
  /** Progress for people; standard error by default. */
  say?: (text: string) => void;
  /** Testbed cluster to break and mitigate; without one the tests that need it count as skipped. */
  instance?: Instance;
  timeoutMs?: number;
  /** False when dist/ is known to be fresh. */
  build?: boolean;
}

export const SUITE_FILE = join(ROOT, 'dist', 'test', 'host-suite.cjs');

/** The folder that the editor opens, within one that is the suite's too: settings may lie above. */
export async function makeWorkspace(scratch: string): Promise<string> {
  const workspace = join(scratch, 'team', 'workspace');
  await mkdir(workspace, { recursive: true });
  return workspace;
}

/** Environment that the suite in the extension host expects. */
export function suiteEnvironment(scratch: string, instance?: Instance): Record<string, string> {
  return {
    STRATUS_HOST_REPORT: join(scratch, 'report.json'),
    STRATUS_HOME: join(scratch, 'state'),
    KUBECONFIG: instance?.kubeconfig ?? join(scratch, 'no-kubeconfig'),
    STRATUS_HOST_CLUSTER: instance ? JSON.stringify({ context: instance.context, namespace: SHOP_NAMESPACE }) : '',
  };
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
    const env = suiteEnvironment(scratch, options.instance);
    const workspace = await makeWorkspace(scratch);
    server = await startEditorServer({
      say,
      env,
      companions: [await provideModelProvider()],
      settings: {
        ...(options.instance ? editorSettings(options.instance) : {}),
        // Models, tools and the chat are tested, too.
        'chat.disableAIFeatures': false,
      },
    });
    browser = await launchBrowser(say);
    const [editor, shown] = [server, browser];
    const work = () => drive(editor, shown, workspace, say, options.timeoutMs ?? 900_000);
    const failure = await (options.instance ? withBrokenShop(options.instance, say, work) : work());
    const report = await readFile(env.STRATUS_HOST_REPORT!, 'utf8').then(
      (text) => JSON.parse(text) as SuiteReport,
      (): SuiteReport => ({ passed: 0, failed: 0, skipped: 0, failures: [], notes: [] }),
    );
    for (const note of report.notes) say(note);
    await judgeKeys(report, server.profile, scratch);
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

/** No file of the editor or of Stratus holds the key that tests typed: settings, logs, journal, storage. */
async function judgeKeys(report: SuiteReport, profile: string, scratch: string): Promise<void> {
  const found = (await Promise.all([profile, scratch].map((folder) => filesWith(TEST_KEY, folder)))).flat();
  // Silence of a log that is not there proves nothing.
  const logs = await filesWith('activated in', profile);
  const problem =
    found.length > 0
      ? `the key of a model stands in: ${found.join(', ')}`
      : logs.length === 0
        ? 'the log of the extension was not found, nor searched for the key of a model'
        : '';
  if (problem) {
    report.failed += 1;
    report.failures.push(problem);
  } else report.passed += 1;
}

/** @returns why the suite did not end well; empty when it did. */
export async function drive(
  server: EditorServer,
  browser: Browser,
  folder: string,
  say: (text: string) => void,
  timeoutMs: number,
): Promise<string> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  page.setDefaultNavigationTimeout(120_000);
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
  const name = process.env.STRATUS_TEST_INSTANCE;
  const report = await runHostSuite(name ? { instance: readInstance(name) } : {});
  for (const failure of report.failures) console.error(failure);
  console.log(JSON.stringify({ suite: 'host-web', ...report, failures: report.failures.length }));
  process.exitCode = report.failed > 0 ? 1 : 0;
}
