import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { buildAll, EDITOR_BUNDLES, ROOT } from '../../scripts/build.ts';
import { packageExtension } from '../../scripts/package.ts';
import { editorSettings, withBrokenShop } from '../host/broken-shop.ts';
import { launchBrowser, startEditorServer, workbenchUrl } from '../host/code-server.ts';
import type { EditorServer } from '../host/code-server.ts';
import { SHOP_NAMESPACE } from '../testbed/app/topology.ts';
import { readInstance } from '../testbed/instance.ts';
import type { Instance } from '../testbed/instance-record.ts';
import { installedFlow } from './installed-flow.ts';
import { mitigateFlow } from './mitigate-flow.ts';
import { heldModel, modelFlow, modelSettings } from './model-flow.ts';
import { PAGE_TESTS } from './page/page-tests.ts';
import { telemetryPicture } from './page/telemetry-tests.ts';
import { reloadFlow } from './reload-flow.ts';
import { watchFlow } from './watch-flow.ts';
import { Workbench } from './workbench.ts';

export interface FlowOptions {
  say?: (text: string) => void;
  /** Testbed cluster; without one only the page's own tests run and the flow counts as skipped. */
  instance?: Instance;
  /** Folder for pictures of the run view; none by default. */
  pictures?: string;
  build?: boolean;
}

export interface FlowTally {
  passed: number;
  failed: number;
  skipped: number;
  failures: string[];
}

/** What a person does in a browser: first the run view's page alone, then the whole way in a real VS Code. */
export async function runBrowserFlows(options: FlowOptions = {}): Promise<FlowTally> {
  const say = options.say ?? ((text) => console.error(text));
  const tally: FlowTally = { passed: 0, failed: 0, skipped: 0, failures: [] };
  if (options.build !== false) await buildAll(EDITOR_BUNDLES);
  const browser = await launchBrowser(say);
  const attempt = async (name: string, work: () => Promise<void>) => {
    try {
      await work();
      tally.passed += 1;
      say(`ok   ${name}`);
    } catch (error) {
      tally.failed += 1;
      tally.failures.push(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      say(`FAIL ${tally.failures.at(-1)}`);
    }
  };
  try {
    for (const { name, run } of PAGE_TESTS) await attempt(`page: ${name}`, () => run(browser));
    if (options.pictures) await telemetryPicture(browser, join(options.pictures, 'run-telemetry.png'));
    await attempt('editor: the installed package shows notifications, its log and its documentation', () =>
      installed(browser, say),
    );
    const { instance } = options;
    if (!instance) tally.skipped += 4;
    else await inEditor(browser, instance, options, say, attempt);
  } finally {
    await browser.close();
  }
  return tally;
}

/** The package in an editor without the switches that tests of a development extension need. */
async function installed(browser: Browser, say: (text: string) => void): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'stratus-flow-'));
  let server: EditorServer | undefined;
  try {
    const vsix = join(scratch, 'stratus.vsix');
    await packageExtension(vsix);
    const env = { STRATUS_HOME: join(scratch, 'state'), KUBECONFIG: join(scratch, 'no-kubeconfig') };
    server = await startEditorServer({ say, env, vsix });
    await inWindow(browser, workbenchUrl(server, scratch, null), installedFlow);
  } finally {
    await server?.stop();
    await rm(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

type Attempt = (name: string, work: () => Promise<void>) => Promise<void>;

/** Each flow has a window of its own, and all but the last leave the shop as broken as it was. */
async function inEditor(
  browser: Browser,
  instance: Instance,
  { pictures }: FlowOptions,
  say: (text: string) => void,
  attempt: Attempt,
): Promise<void> {
  const target = { context: instance.context, namespace: SHOP_NAMESPACE, pictures, say };
  const served = (settings: Record<string, unknown>, work: (url: string) => Promise<void>) =>
    withEditor({ instance, settings, say }, work);
  await withBrokenShop(instance, say, async () => {
    await served({}, async (url) => {
      await attempt('editor: a watch tells of the incident, which is mitigated from there', () =>
        inWindow(browser, url, (workbench) => watchFlow(workbench, target)),
      );
      await attempt('editor: mitigate, approve, resolved, undo', () =>
        inWindow(browser, url, (workbench) => mitigateFlow(workbench, target)),
      );
      await attempt('editor: the window is reloaded amid a change, which is offered and undone', () =>
        inWindow(browser, url, (workbench) => reloadFlow(workbench, { ...target, instance })),
      );
    });
    const model = await heldModel();
    try {
      await served(modelSettings(model), (url) =>
        attempt('editor: a model thinks, looks, proposes, and what it costs is seen', () =>
          inWindow(browser, url, (workbench) => modelFlow(workbench, { ...target, model })),
        ),
      );
    } finally {
      await model.close();
    }
  });
}

interface EditorOptions {
  instance: Instance;
  settings: Record<string, unknown>;
  say: (text: string) => void;
}

async function withEditor(
  { instance, settings, say }: EditorOptions,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'stratus-flow-'));
  let server: EditorServer | undefined;
  try {
    server = await startEditorServer({
      say,
      env: { STRATUS_HOME: join(scratch, 'state'), KUBECONFIG: instance.kubeconfig },
      settings: { ...editorSettings(instance), 'workbench.colorTheme': 'Default Dark Modern', ...settings },
    });
    await work(workbenchUrl(server, scratch, ROOT));
  } finally {
    await server?.stop();
    await rm(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function inWindow(browser: Browser, url: string, flow: (workbench: Workbench) => Promise<void>): Promise<void> {
  const workbench = await Workbench.open(browser, url);
  try {
    await flow(workbench);
  } catch (error) {
    const picture = join(tmpdir(), 'stratus-flow-failed.png');
    await workbench.page.screenshot({ path: picture });
    const shown = await workbench.runView
      .locator('main')
      .innerText({ timeout: 5_000 })
      .catch(() => '');
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}\n(picture: ${picture})\n${shown}`, { cause: error });
  } finally {
    await workbench.close();
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const name = process.env.STRATUS_TEST_INSTANCE;
  const instance = name ? readInstance(name) : undefined;
  const pictures = process.argv.includes('--pictures') ? join(ROOT, 'media') : undefined;
  const tally = await runBrowserFlows({ ...(instance ? { instance } : {}), ...(pictures ? { pictures } : {}) });
  for (const failure of tally.failures) console.error(failure);
  console.log(JSON.stringify({ suite: 'browser', ...tally, failures: tally.failures.length }));
  process.exitCode = tally.failed > 0 ? 1 : 0;
}
