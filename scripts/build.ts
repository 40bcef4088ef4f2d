import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BuildOptions, Metafile, Plugin } from 'esbuild';
import { context, build as esbuild } from 'esbuild';
import { leanClient } from './lean-client.ts';
import { leanKubeAuth, leanMcp, leanOpenAI } from './lean-packages.ts';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const DIST = join(ROOT, 'dist');

/** Lowest Node of the editors in engines.vscode, which is not the Node that develops or runs the CLI. */
const EDITOR_NODE = 'node22';
const EDITOR_BROWSER = 'chrome134';
/** CommonJS dependencies inside an ESM bundle still call require. */
const ESM_BANNER = `import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);`;

/** Bundles that others load when they first need them, by the source that is their entry. */
const LATER = {
  application: 'run/create-app',
  'on-demand': 'ui/on-demand',
  assistant: 'ui/assistant',
  model: 'run/brains/model-parts',
  mcp: 'serve/mcp-server',
} as const;

/** Leaves these out of a bundle, so that whoever loads it does not pay for them. */
function loadedLater(...names: (keyof typeof LATER)[]): Plugin {
  return {
    name: 'loaded-later',
    setup(build) {
      for (const name of names) {
        const filter = new RegExp(`/${LATER[name].split('/').at(-1)}\\.ts$`);
        const path = `./${name === 'application' ? 'app' : name}.cjs`;
        build.onResolve({ filter }, ({ kind }) => (kind === 'dynamic-import' ? { path, external: true } : undefined));
      }
    },
  };
}

/** Libraries that several bundles need: one file each, because the package may not be large. */
const SHARED = { yaml: 'node_modules/yaml/dist/index.js', unbash: 'node_modules/unbash/dist/parser.js' } as const;

/** Takes shared libraries from their own files; each is loaded with the first bundle that needs it. */
const shared: Plugin = {
  name: 'shared',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^(?:${Object.keys(SHARED).join('|')})$`) }, ({ path }) => ({
      path: `./${path}.cjs`,
      external: true,
    }));
  },
};

const BUNDLES = [
  'extension',
  'application',
  'model',
  'mcp',
  'on-demand',
  'assistant',
  'lint-connection',
  'server',
  'yaml',
  'unbash',
  'cli',
  'terminal-command',
  'page',
  'styles',
] as const;

interface Entry {
  name: BundleName;
  source: string;
  options: BuildOptions;
}

const node = (out: string, more: BuildOptions = {}): BuildOptions => ({
  outfile: join(DIST, out),
  platform: 'node',
  format: 'cjs',
  target: EDITOR_NODE,
  ...more,
});

const ENTRIES: Entry[] = [
  {
    name: 'extension',
    source: 'src/extension.ts',
    options: node('extension.cjs', {
      external: ['vscode'],
      plugins: [loadedLater('application', 'on-demand', 'assistant'), shared],
      // What is loaded later comes by require(): import() would read and scan a whole bundle for names first.
      supported: { 'dynamic-import': false },
    }),
  },
  {
    name: 'application',
    source: 'src/run/create-app.ts',
    options: node('app.cjs', { plugins: [loadedLater('model'), leanKubeAuth(), shared] }),
  },
  {
    name: 'model',
    source: 'src/run/brains/model-parts.ts',
    options: node('model.cjs', { plugins: [leanOpenAI(), shared] }),
  },
  { name: 'mcp', source: 'src/serve/mcp-server.ts', options: node('mcp.cjs', { plugins: [leanMcp()] }) },
  {
    name: 'on-demand',
    source: 'src/ui/on-demand.ts',
    options: node('on-demand.cjs', { external: ['vscode'], plugins: [shared] }),
  },
  { name: 'assistant', source: 'src/ui/assistant.ts', options: node('assistant.cjs', { external: ['vscode'] }) },
  {
    name: 'lint-connection',
    source: 'src/ui/lint/lint-connection.ts',
    // Loaded in the extension host: short names cost a quarter of its time.
    options: node('lint-connection.cjs', {
      external: ['vscode'],
      plugins: [leanClient(ROOT)],
      minify: false,
      minifyWhitespace: true,
      minifySyntax: true,
    }),
  },
  { name: 'server', source: 'src/lint/server/server.ts', options: node('server.cjs', { plugins: [shared] }) },
  { name: 'yaml', source: SHARED.yaml, options: node('yaml.cjs') },
  { name: 'unbash', source: SHARED.unbash, options: node('unbash.cjs') },
  {
    name: 'cli',
    source: 'src/cli/main.ts',
    options: node('stratus.mjs', {
      format: 'esm',
      target: 'node24',
      plugins: [loadedLater('model', 'mcp'), leanKubeAuth()],
      banner: { js: `#!/usr/bin/env node\n${ESM_BANNER}` },
    }),
  },
  {
    name: 'terminal-command',
    source: 'src/cli/main.ts',
    // Runs on the editor's own Node; nothing that it starts should take itself for Node because of that.
    options: node('cli.cjs', {
      plugins: [loadedLater('application', 'model', 'mcp'), shared],
      banner: { js: 'delete process.env.ELECTRON_RUN_AS_NODE;' },
    }),
  },
  {
    name: 'page',
    source: 'webview/run.ts',
    options: { outfile: join(DIST, 'webview/run.js'), platform: 'browser', format: 'iife', target: EDITOR_BROWSER },
  },
  {
    name: 'styles',
    source: 'webview/run.css',
    options: { outfile: join(DIST, 'webview/run.css'), target: EDITOR_BROWSER },
  },
];

/** What a development editor needs; the command line of a checkout is left out. */
export const EDITOR_BUNDLES: readonly BundleName[] = [
  'extension',
  'application',
  'model',
  'mcp',
  'on-demand',
  'assistant',
  'lint-connection',
  'server',
  'yaml',
  'unbash',
  'terminal-command',
  'page',
  'styles',
];

export interface BuildResult {
  built: { name: BundleName; file: string; bytes: number }[];
  /** Entries whose source is not in this checkout. */
  missing: string[];
  milliseconds: number;
}

/** Names of the bundles, for `npm run build -- NAME…`. */
export type BundleName = (typeof BUNDLES)[number];

/**
 * Bundles everything the extension and the CLI ship into dist/, minified, with source maps beside the bundles.
 * @throws esbuild's BuildFailure, whose message names file and line.
 */
export async function buildAll(only: readonly string[] = BUNDLES): Promise<BuildResult> {
  const started = performance.now();
  const unknown = only.filter((name) => !BUNDLES.includes(name as BundleName));
  if (unknown.length > 0) throw new Error(`unknown bundle '${unknown[0]}'; one of: ${BUNDLES.join(', ')}`);
  const wanted = ENTRIES.filter((entry) => only.includes(entry.name));
  const present = wanted.filter((entry) => existsSync(join(ROOT, entry.source)));
  await mkdir(DIST, { recursive: true });
  const results = await Promise.all(present.map((entry) => bundle(entry)));
  await writeFile(join(DIST, 'meta.json'), JSON.stringify(results.map((result) => result.metafile)));
  const built = results.map(({ entry, metafile }) => {
    const file = entry.options.outfile!.slice(ROOT.length + 1);
    return { name: entry.name, file, bytes: metafile.outputs[file]?.bytes ?? 0 };
  });
  const missing = wanted.filter((entry) => !present.includes(entry)).map((entry) => entry.source);
  return { built, missing, milliseconds: Math.round(performance.now() - started) };
}

/** What a bundle is made of, without writing it. */
export async function contentsOf(name: BundleName): Promise<Metafile['outputs'][string]['inputs']> {
  const { metafile } = await bundle(
    ENTRIES.find((entry) => entry.name === name)!,
    false,
  );
  return Object.assign({}, ...Object.values(metafile.outputs).map(({ inputs }) => inputs));
}

const WITHOUT_NAMES: ReadonlySet<BundleName> = new Set([
  'model',
  'mcp',
  'server',
  'yaml',
  'unbash',
  'lint-connection',
  'on-demand',
  'application',
]);

/** How an entry is bundled for those who use it. */
function releaseOptions(entry: Entry): BuildOptions {
  return {
    entryPoints: [join(ROOT, entry.source)],
    bundle: true,
    minify: true,
    // Names are kept in errors that users report; where most of the code is a library's, or is most of the package, they are not
    // worth a twentieth of it.
    keepNames: entry.options.platform === 'node' && !WITHOUT_NAMES.has(entry.name),
    sourcemap: entry.source.endsWith('.css') ? false : 'linked',
    sourcesContent: false,
    absWorkingDir: ROOT,
    logLevel: 'silent',
    legalComments: 'none',
    ...entry.options,
  };
}

async function bundle(entry: Entry, write = true) {
  const { metafile } = await esbuild({ ...releaseOptions(entry), metafile: true as const, write });
  return { entry, metafile };
}

/**
 * Rebuilds each bundle when a file of it changes, readable for a debugger, until the process is stopped. Begin and end of
 * a round are told by the lines that the task `watch` of .vscode/tasks.json waits for.
 */
async function watchAll(): Promise<void> {
  const busy = new Set<BundleName>();
  const problems = new Map<BundleName, string[]>();
  let started = 0;
  const told = (name: BundleName): Plugin => ({
    name: 'told',
    setup(build) {
      build.onStart(() => {
        if (busy.size === 0) {
          started = performance.now();
          console.log('[watch] building');
        }
        busy.add(name);
      });
      build.onEnd(({ errors }) => {
        problems.set(
          name,
          errors.map(({ location, text }) => `${location?.file ?? name}:${location?.line ?? 0}: error: ${text}`),
        );
        busy.delete(name);
        if (busy.size > 0) return;
        for (const line of new Set([...problems.values()].flat())) console.log(line);
        console.log(`[watch] ready after ${Math.round(performance.now() - started)} ms`);
      });
    },
  });
  const contexts = await Promise.all(
    ENTRIES.map((entry) => {
      const options = releaseOptions(entry);
      return context({
        ...options,
        minify: false,
        minifySyntax: false,
        minifyWhitespace: false,
        plugins: [...(options.plugins ?? []), told(entry.name)],
      });
    }),
  );
  await mkdir(DIST, { recursive: true });
  await Promise.all(contexts.map((one) => one.watch()));
}

/** Bundles one test-only entry for the extension host. */
export async function bundleForHost(source: string, outfile: string): Promise<void> {
  await esbuild({
    entryPoints: [join(ROOT, source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: EDITOR_NODE,
    external: ['vscode'],
    sourcemap: 'inline',
    absWorkingDir: ROOT,
    logLevel: 'silent',
  });
}

export async function packageVersion(): Promise<string> {
  return JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')).version;
}

async function main(words: string[]): Promise<void> {
  const names = words.filter((word) => word !== '--watch');
  if (names.length < words.length) {
    if (names.length > 0) throw new Error('--watch builds every bundle; name none');
    return watchAll();
  }
  const { built, missing, milliseconds } = await buildAll(names.length > 0 ? names : BUNDLES);
  for (const { name, file, bytes } of built) {
    console.log(`${name.padEnd(16)} ${file.padEnd(24)} ${(bytes / 1024).toFixed(1).padStart(8)} KB`);
  }
  for (const source of missing) console.log(`not in this checkout: ${source}`);
  console.log(`built in ${(milliseconds / 1000).toFixed(2)} s`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
