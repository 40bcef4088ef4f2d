import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { EDITOR_BUNDLES, buildAll, bundleForHost } from '../../scripts/build.ts';
import { launchBrowser, startEditorServer } from '../host/code-server.ts';
import type { SuiteReport } from '../host/harness.ts';
import { drive, SUITE_FILE, suiteEnvironment } from '../host/launch-web.ts';

const WINDOWS = 5;
/** Opens a document that the linter reads. */
const TEST = 'a workflow is underlined';

const say = (text: string): void => console.error(text);

function row(name: string, target: string, values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const [best, middle] = [sorted[0]!, sorted[Math.floor(sorted.length / 2)]!];
  return `${name.padEnd(60)} best ${best.toFixed(1).padStart(6)} ms   median ${middle.toFixed(1).padStart(6)} ms   target ${target}`;
}

/** Prints what the extension costs the extension host of a real editor, each window with a fresh one. */
export async function bench(): Promise<void> {
  await buildAll(EDITOR_BUNDLES);
  await bundleForHost('test/host/suite.ts', SUITE_FILE);
  const scratch = await mkdtemp(join(tmpdir(), 'stratus-bench-'));
  const report = join(scratch, 'report.json');
  const env = { ...suiteEnvironment(scratch), STRATUS_HOST_REPORT: report, STRATUS_HOST_ONLY: TEST };
  const server = await startEditorServer({ say, env });
  const activations: number[] = [];
  const clients: number[] = [];
  const processor: number[] = [];
  try {
    const browser = await launchBrowser(say);
    try {
      for (let window = 0; window < WINDOWS; window++) {
        const failure = await drive(server, browser, scratch, () => undefined, 120_000);
        if (failure) throw new Error(`the editor's window: ${failure}\n${server.tail()}`);
        const { activation, linter } = JSON.parse(await readFile(report, 'utf8')) as SuiteReport;
        activations.push(activation!);
        clients.push(linter!.busy);
        processor.push(linter!.processor!);
        say(`window ${window + 1}: load of the machine ${loadavg()[0]!.toFixed(1)}`);
      }
    } finally {
      await browser.close();
    }
  } finally {
    await server.stop();
    await rm(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
  console.log(row('activation of the extension', '< 50 ms', activations));
  console.log(row('start of the language client: load, connect, fork, handshake', '< 30 ms', clients));
  console.log(row('  processor time of that', '< 30 ms', processor));
}
