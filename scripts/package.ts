import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createVSIX, listFiles } from '@vscode/vsce';
import { buildAll, packageVersion, ROOT } from './build.ts';

/** Upper limit of the packaged extension. */
export const SIZE_LIMIT_BYTES = 1.5 * 1024 * 1024;

/** What the marketplace and the editor show of the extension; README.md is for those who have the sources. */
export const README = 'docs/marketplace.md';

/** Everything that is shipped beside docs/; the allow-list of .vscodeignore must come to exactly these. */
export const SHIPPED = [
  'CHANGELOG.md',
  'LICENSE',
  'bin/stratus',
  'bin/stratus.cmd',
  'dist/app.cjs',
  'dist/assistant.cjs',
  'dist/cli.cjs',
  'dist/extension.cjs',
  'dist/lint-connection.cjs',
  'dist/mcp.cjs',
  'dist/model.cjs',
  'dist/on-demand.cjs',
  'dist/server.cjs',
  'dist/unbash.cjs',
  'dist/webview/run.css',
  'dist/webview/run.js',
  'dist/yaml.cjs',
  'media/icon.png',
  'media/on-call.svg',
  'media/walkthrough/check.md',
  'media/walkthrough/diagnose.md',
  'media/walkthrough/kubeconfig.md',
  'media/walkthrough/mitigate.md',
  'media/walkthrough/model.md',
  'media/walkthrough/telemetry.md',
  'media/walkthrough/terminal.md',
  'media/walkthrough/undo.md',
  'media/walkthrough/watch.md',
  'package.json',
  'package.nls.json',
  'runbooks/cut-log.yaml',
  'runbooks/redis-load-users.yaml',
  'runbooks/truncate-log.yaml',
];

/** @throws Error naming files that are missing from, or do not belong into, the package. */
export async function checkFileList(): Promise<void> {
  const files = await listFiles({ cwd: ROOT, packagedDependencies: [] });
  // The listing names README.md whatever the allow-list says; the package has the other one in its place.
  const shipped = [...SHIPPED, 'README.md', ...(await docs()), ...(await prompts())];
  const missing = shipped.filter((file) => !files.includes(file));
  const surplus = files.filter((file) => !shipped.includes(file));
  if (missing.length > 0) throw new Error(`missing from the package: ${missing.join(', ')}`);
  if (surplus.length > 0) throw new Error(`not meant for the package: ${surplus.join(', ')}`);
}

/** The pages, their pictures, and the manifests that they tell of: commands, findings and links within them lead there. */
async function docs(): Promise<string[]> {
  const names = await readdir(join(ROOT, 'docs'), { recursive: true });
  return names.filter((name) => /\.(md|svg|yaml)$/.test(name)).map((name) => `docs/${name.replaceAll('\\', '/')}`);
}

/** What models are told, a page for each role. */
async function prompts(): Promise<string[]> {
  const names = await readdir(join(ROOT, 'prompts'));
  return names.filter((name) => name.endsWith('.md')).map((name) => `prompts/${name}`);
}

/**
 * Builds and packages the extension.
 * @returns path and size in bytes of the VSIX.
 * @throws Error when a file is missing or surplus, or the package is too large.
 */
export async function packageExtension(output: string): Promise<{ file: string; bytes: number }> {
  await buildAll();
  await checkFileList();
  await createVSIX({
    cwd: ROOT,
    packagePath: output,
    dependencies: false,
    readmePath: README,
    // Its sources have no address, so that there is nothing to lead relative links to.
    rewriteRelativeLinks: false,
    preRelease: false,
    allowMissingRepository: true,
  });
  const { size } = await stat(output);
  if (size > SIZE_LIMIT_BYTES) {
    throw new Error(`${output} has ${size} bytes, more than the limit of ${SIZE_LIMIT_BYTES}`);
  }
  return { file: output, bytes: size };
}

async function main(): Promise<void> {
  const output = join(ROOT, `stratus-oncall-${await packageVersion()}.vsix`);
  // A package of an earlier state must not be mistaken for this one when packaging fails.
  await rm(output, { force: true });
  const { file, bytes } = await packageExtension(output);
  console.log(`${file}: ${(bytes / 1024).toFixed(0)} KB`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main().catch((error: unknown) => {
    console.error(`npm run package: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}
