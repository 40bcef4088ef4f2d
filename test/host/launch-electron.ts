import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { EDITOR_BUNDLES, ROOT, buildAll, bundleForHost } from '../../scripts/build.ts';
import { provideModelProvider } from './model-provider/provide.ts';
import type { SuiteReport } from './harness.ts';
import type { HostSuiteOptions } from './launch-web.ts';
import { SUITE_FILE, makeWorkspace, suiteEnvironment } from './launch-web.ts';

/** A desktop editor: one named by $STRATUS_VSCODE, one downloaded before, or one downloaded now. */
async function findEditor(say: (text: string) => void): Promise<string | null> {
  const named = process.env.STRATUS_VSCODE;
  if (named) return existsSync(named) ? named : null;
  try {
    return await downloadAndUnzipVSCode({
      cachePath: join(ROOT, '.vscode-test'),
      timeout: 15_000,
      reporter: { report: () => undefined, error: () => undefined },
    });
  } catch (error) {
    say(`no desktop editor: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

/** The same suite in a desktop VS Code. Where none can be had, everything counts as skipped, never as passed. */
export async function runElectronSuite(options: Pick<HostSuiteOptions, 'say' | 'build'> = {}): Promise<SuiteReport> {
  const say = options.say ?? ((text) => console.error(text));
  const editor = await findEditor(say);
  if (!editor) {
    return {
      passed: 0,
      failed: 0,
      skipped: 1,
      failures: [],
      notes: ['SKIPPED: no desktop VS Code (set STRATUS_VSCODE)'],
    };
  }
  if (options.build !== false) await buildAll(EDITOR_BUNDLES);
  await bundleForHost('test/host/suite.ts', SUITE_FILE);
  const scratch = await mkdtemp(join(tmpdir(), 'stratus-electron-'));
  const env = suiteEnvironment(scratch);
  const workspace = await makeWorkspace(scratch);
  try {
    const failure = await runTests({
      vscodeExecutablePath: editor,
      extensionDevelopmentPath: [ROOT, await provideModelProvider()],
      extensionTestsPath: SUITE_FILE,
      extensionTestsEnv: env,
      launchArgs: [workspace, '--user-data-dir', join(scratch, 'user'), '--disable-workspace-trust', '--skip-welcome'],
    }).then(
      () => '',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const report = await readFile(env.STRATUS_HOST_REPORT!, 'utf8').then(
      (text) => JSON.parse(text) as SuiteReport,
      (): SuiteReport => ({ passed: 0, failed: 0, skipped: 0, failures: [], notes: [] }),
    );
    if (failure && report.failed === 0) {
      report.failed += 1;
      report.failures.push(`extension host: ${failure}`);
    }
    return report;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const report = await runElectronSuite();
  for (const failure of report.failures) console.error(failure);
  for (const note of report.notes) console.error(note);
  console.log(JSON.stringify({ suite: 'host-electron', ...report, failures: report.failures.length }));
  process.exitCode = report.failed > 0 ? 1 : 0;
}
