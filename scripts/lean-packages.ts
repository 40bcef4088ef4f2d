import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';

const OIDC = /\/@kubernetes\/client-node\/dist\/oidc_auth\.js$/;
/** The one thing of the client's configuration that its authenticator needs; the rest brings the whole client along. */
const READS_FILE = /export (function bufferFromFileOrString\(file, data\) \{\n[^]*?\n\})/;

/**
 * Of the Kubernetes client only its authenticators are used. Their import of its configuration would bring a megabyte of
 * generated API and of HTTP along.
 * @throws (fails the build) when the library no longer has that function
 */
export function leanKubeAuth(): Plugin {
  return {
    name: 'lean-kube-auth',
    setup(build) {
      build.onResolve({ filter: /^\.\/config\.js$/ }, ({ importer }) =>
        OIDC.test(importer) ? { path: join(dirname(importer), 'config.js'), namespace: 'lean-kube-auth' } : undefined,
      );
      build.onLoad({ filter: /./, namespace: 'lean-kube-auth' }, async ({ path }) => {
        const found = READS_FILE.exec(await readFile(path, 'utf8'));
        if (!found) throw new Error(`${path} has no bufferFromFileOrString any more: look at what oidc_auth.js needs`);
        return { contents: `import fs from 'node:fs';\nexport ${found[1]}`, loader: 'js' };
      });
    },
  };
}

const NO_VALIDATOR = `
export class AjvJsonSchemaValidator {
  getValidator() {
    return () => ({ valid: false, data: undefined, errorMessage: 'this server asks its client for nothing' });
  }
}`;

/** The MCP server validates answers to what it asks its client, and ours asks nothing: its validator stays out. */
export function leanMcp(): Plugin {
  return {
    name: 'lean-mcp',
    setup(build) {
      build.onResolve({ filter: /\/validation\/ajv-provider\.js$/ }, ({ importer }) =>
        importer.includes('/@modelcontextprotocol/sdk/') ? { path: 'ajv-provider', namespace: 'lean-mcp' } : undefined,
      );
      build.onLoad({ filter: /./, namespace: 'lean-mcp' }, () => ({ contents: NO_VALIDATOR, loader: 'js' }));
    },
  };
}

const OPENAI = /\/node_modules\/openai\//;
/** Resources other than chat, and what a chat has beside `create`: runners of tools and streams with events of their own. */
const NOT_ASKED = /\/openai\/(?:resources\/(?!chat\/|index\.|shared\.)|lib\/ChatCompletion(?:Stream|\w*Runner)\.)/;
const EXPORTED = /^export (?:(?:async )?(?:class|function|const|let|var) (\w+)|\{([^}]*)\})/gm;

/**
 * Of OpenAI's client only `chat.completions.create` is called; the other resources are half of it. The client makes one of
 * each when it is made, and hangs them on itself: classes that do nothing take their places.
 */
export function leanOpenAI(): Plugin {
  return {
    name: 'lean-openai',
    setup(build) {
      build.onResolve({ filter: /^\.\.?\/.*\.mjs$/ }, ({ path, importer }) => {
        const file = join(dirname(importer), path);
        return OPENAI.test(importer) && NOT_ASKED.test(file) ? { path: file, namespace: 'lean-openai' } : undefined;
      });
      build.onLoad({ filter: /./, namespace: 'lean-openai' }, async ({ path }) => {
        const names = [...(await readFile(path, 'utf8')).matchAll(EXPORTED)].flatMap(([, one, list = '']) =>
          one
            ? [one]
            : list.split(',').map((each) =>
                each
                  .trim()
                  .split(/\s+as\s+/)
                  .at(-1)!,
              ),
        );
        const classes = [...new Set(names)].filter((name) => name !== '').map((name) => `export class ${name} {}`);
        return { contents: classes.join('\n'), loader: 'js' };
      });
    },
  };
}
