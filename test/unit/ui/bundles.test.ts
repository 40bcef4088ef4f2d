import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { contentsOf } from '../../../scripts/build.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Bundles every file of a folder as a browser would: any Node or editor module that leaked in fails the build. */
async function bundleFolder(folder: string, platform: 'browser' | 'node'): Promise<void> {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.ts$/.test(name),
  );
  expect(files.length).toBeGreaterThan(0);
  await build({
    stdin: { contents: files.map((name) => `import './${name}';`).join('\n'), resolveDir: join(root, folder) },
    bundle: true,
    write: false,
    platform,
    format: 'esm',
    logLevel: 'silent',
  });
}

describe('bundles', () => {
  it.each(['src/domain', 'src/kubectl'])('%s needs neither Node nor the editor', async (folder) => {
    await bundleFolder(folder, 'browser');
  });

  it.each(['src/agents', 'src/undo', 'src/gateway', 'src/cluster'])('%s does not need the editor', async (folder) => {
    await bundleFolder(folder, 'node');
  });

  it('the page needs only the browser', async () => {
    await bundleFolder('webview', 'browser');
  });

  it('a folder that imports the editor fails, so these tests can fail', async () => {
    await expect(bundleFolder('src/ui', 'node')).rejects.toThrow(/vscode/);
  });

  it('what activation reads contains neither the application nor the language client', async () => {
    const files = Object.keys(await contentsOf('extension'));
    expect(files).toContain('src/extension.ts');
    expect(
      files.filter((file) =>
        /vscode-languageclient|client-node|create-app|lint-connection|on-demand|diagnosis/.test(file),
      ),
    ).toEqual([]);
  });

  it('the application brings no client of the whole API along, and shared libraries are files of their own', async () => {
    const files = Object.keys(await contentsOf('application'));
    expect(files.filter((file) => /client-node/.test(file)).length).toBeGreaterThan(0);
    expect(files.filter((file) => /node_modules\/(undici|yaml|unbash)\/|client-node\/dist\/gen\//.test(file))).toEqual(
      [],
    );
  });

  it('code of models and of other agents is read by nobody who does not use it', async () => {
    // Answers of telemetry are checked with the small zod, which is another part of the same package.
    const models =
      /node_modules\/(openai|zod\/v4\/classic|@modelcontextprotocol|ajv)\/|^src\/(model|agents\/model|serve)\//;
    for (const name of ['extension', 'application', 'on-demand', 'lint-connection', 'server'] as const)
      expect(Object.keys(await contentsOf(name)).filter((file) => models.test(file))).toEqual([]);
    const chat = /^src\/ui\/(assistant|chat\/(?!register-chat)|model\/(?!model-keys))/;
    for (const name of ['extension', 'on-demand'] as const)
      expect(Object.keys(await contentsOf(name)).filter((file) => chat.test(file))).toEqual([]);
    expect(Object.keys(await contentsOf('assistant'))).toContain('src/ui/chat/answer.ts');
    expect(Object.keys(await contentsOf('model'))).toContain('src/model/list-models.ts');
  });

  it('the language client comes without the features that the linter has not', async () => {
    const contents = await contentsOf('lint-connection');
    const size = (module: string) =>
      contents[`node_modules/vscode-languageclient/lib/common/${module}.js`]?.bytesInOutput;
    for (const used of ['diagnostic', 'codeAction', 'codeLens', 'hover', 'textSynchronization', 'configuration'])
      expect(size(used)).toBeGreaterThan(1_000);
    for (const unused of ['completion', 'rename', 'semanticTokens', 'notebook', 'fileOperations'])
      expect(size(unused)).toBeLessThan(1_000);
  });
});
