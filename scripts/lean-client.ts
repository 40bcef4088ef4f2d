import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';

/** Features of the language client whose requests the linter's server never answers: modules of `lib/common`. */
const UNUSED_FEATURES = [
  ...['callHierarchy', 'colorProvider', 'completion', 'declaration', 'definition', 'documentHighlight'],
  ...['documentLink', 'documentSymbol', 'executeCommand', 'fileOperations', 'foldingRange', 'formatting'],
  ...['implementation', 'inlayHint', 'inlineCompletion', 'inlineValue', 'linkedEditingRange'],
  ...['progress', 'reference', 'rename', 'selectionRange', 'semanticTokens', 'signatureHelp', 'textDocumentContent'],
  ...['typeDefinition', 'typeHierarchy', 'workspaceSymbol'],
];

/** Every class of the module is one that announces nothing to the server and does nothing. */
const NO_FEATURE = `
class NoFeature {
  getState() { return { kind: 'static' }; }
  fillClientCapabilities() {}
  initialize() {}
  clear() {}
}
module.exports = new Proxy({}, { get: () => NoFeature });`;

/** The pulling of diagnostics asks this feature for its events. */
const NO_NOTEBOOKS = `
const never = () => ({ dispose() {} });
exports.NotebookDocumentSyncFeature = class {
  static CellScheme = 'vscode-notebook-cell';
  registrationType = { method: 'notebookDocument/sync' };
  onOpenNotificationSent = never;
  onChangeNotificationSent = never;
  onSaveNotificationSent = never;
  onCloseNotificationSent = never;
  getState() { return { kind: 'document', id: 'notebookDocument/sync', registrations: false, matches: false }; }
  fillClientCapabilities() {}
  initialize() {}
  register() {}
  unregister() {}
  handles() { return false; }
  clear() {}
};`;

/**
 * What the library's compiler wrote for `export *` and `import *` gives each of 700 names a getter, module by module,
 * though the values are there already. What the client's own entry exports again, nobody imports from there.
 */
const CHEAPER: readonly [slow: RegExp, fast: string][] = [
  [/__createBinding\(exports, m, p\);/, 'exports[p] = m[p];'],
  [/var result = \{\};/, 'return mod;'],
];
const CLIENT_ENTRY = /\/vscode-languageclient\/lib\/node\/main\.js$/;
const EXPORTED_AGAIN = /^__exportStar\(require\(.*$/gm;

/**
 * Leaves out of the language client what the linter does not need, and makes the rest cheaper to load: the extension
 * host can do nothing else meanwhile.
 * @throws (fails the build) when the library no longer has the modules that are left out
 */
export function leanClient(root: string): Plugin {
  const features = `vscode-languageclient/lib/common/(?:${UNUSED_FEATURES.join('|')})\\.js$`;
  return {
    name: 'lean-client',
    setup(build) {
      const folder = join(root, 'node_modules/vscode-languageclient/lib/common');
      const gone = UNUSED_FEATURES.filter((name) => !existsSync(join(folder, `${name}.js`)));
      build.onStart(() => ({
        errors: gone.map((name) => ({
          text: `the language client has no module ${name} any more: see lean-client.ts`,
        })),
      }));
      build.onLoad({ filter: new RegExp(features) }, () => ({ contents: NO_FEATURE }));
      build.onLoad({ filter: /\/vscode-languageclient\/lib\/common\/notebook\.js$/ }, () => ({
        contents: NO_NOTEBOOKS,
      }));
      // The client compares the editor's version with what it needs, which is less than the extension asks for.
      build.onLoad({ filter: /\/semver\/functions\/(parse|satisfies)\.js$/ }, () => ({
        contents: 'module.exports = () => ({});',
      }));
      // Documents are chosen by scheme and language.
      build.onLoad({ filter: /\/vscode-languageclient\/lib\/common\/utils\/globPattern\.js$/ }, () => ({
        contents: `exports.matchGlobPattern = () => { throw new Error('a document selector must not have a pattern'); };`,
      }));
      build.onLoad(
        { filter: /\/vscode-(languageclient|languageserver-protocol|jsonrpc)\/lib\/(node|common)\/\w+\.js$/ },
        async ({ path }) => {
          let contents = await readFile(path, 'utf8');
          if (CLIENT_ENTRY.test(path)) contents = contents.replace(EXPORTED_AGAIN, '');
          for (const [slow, fast] of CHEAPER) contents = contents.replace(slow, fast);
          return { contents };
        },
      );
    },
  };
}
