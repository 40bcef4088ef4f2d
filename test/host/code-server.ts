import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Browser, LaunchOptions } from 'playwright-core';
import { chromium } from 'playwright-core';
import { provideEditorLog } from './editor-log.ts';

/** A real VS Code from the npm registry: code-server carries the editor, a Debian Chromium shows it. */
export const CODE_SERVER_VERSION = '4.139.1';

const HOME = join(
  process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
  'stratus',
  `code-server-${CODE_SERVER_VERSION}`,
);
const ENTRY = join(HOME, 'node_modules/code-server/out/node/entry.js');
const CHROMIUM_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

type Say = (text: string) => void;

/** Installs the editor into the user's cache when it is not there. @returns its entry script. */
export async function installCodeServer(say: Say): Promise<string> {
  if (existsSync(ENTRY)) return ENTRY;
  say(`fetching VS Code for the browser (code-server ${CODE_SERVER_VERSION}) into ${HOME}: about 40 s, 700 MB, once`);
  const staging = `${HOME}.partial-${process.pid}`;
  try {
    await mkdir(staging, { recursive: true });
    await writeFile(join(staging, 'package.json'), '{"private":true}');
    npm(['install', '--ignore-scripts', `code-server@${CODE_SERVER_VERSION}`], staging);
    say('installing the editor’s own dependencies');
    npm(['install', '--ignore-scripts'], join(staging, 'node_modules/code-server/lib/vscode'));
    if (!existsSync(ENTRY)) {
      await rm(HOME, { recursive: true, force: true });
      await rename(staging, HOME);
    }
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return ENTRY;
}

function npm(args: string[], cwd: string): void {
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^npm_/i.test(key)));
  env.PATH = `${dirname(process.execPath)}:${env.PATH ?? ''}`;
  const result = spawnSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    env,
    stdio: ['ignore', 2, 2],
    timeout: 600_000,
  });
  if (result.status !== 0) throw new Error(`npm ${args.join(' ')} failed in ${cwd}; its message is above`);
}

/** @returns the path of a Chromium, installed from the distribution when it is missing and we may. */
export function findChromium(say: Say): string {
  const present = () => [process.env.STRATUS_CHROMIUM, ...CHROMIUM_PATHS].find((path) => path && existsSync(path));
  const found = present();
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    say('installing Chromium (apt-get install chromium)');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-q'], { stdio: ['ignore', 2, 2], timeout: 300_000, env });
    const args = ['install', '-q', '-y', '--no-install-recommends', 'chromium'];
    spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], timeout: 600_000, env });
    const installed = present();
    if (installed) return installed;
  }
  throw new Error('no Chromium found: install the package chromium or set STRATUS_CHROMIUM to its path');
}

const BROWSER_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchBrowser(say: Say, options: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(say),
    args: BROWSER_FLAGS,
    // Whoever runs the tests stops their cluster first and then ends; the browser goes with the process.
    handleSIGINT: false,
    handleSIGTERM: false,
    ...options,
  });
}

export interface EditorServer {
  port: number;
  /** Its throw-away folder: settings, secrets, logs, extensions. */
  profile: string;
  /** `http://localhost:PORT`; by name, because web workers want a secure context. */
  url: string;
  /** Address of a file or folder of this machine as the editor names it. */
  remote(path: string): string;
  /** The last lines it printed, for error messages. */
  tail(): string;
  /** Resolves when the server ended by itself. */
  exited: Promise<void>;
  stop(): Promise<void>;
}

export interface EditorServerOptions {
  say: Say;
  /** Added to the environment of the extension host. */
  env?: Record<string, string>;
  port?: number;
  /** User settings; a throw-away profile is made with them. */
  settings?: Record<string, unknown>;
  /**
   * A package to install, as users have it: everything is shown as they see it. Without one the page's address may name
   * a development extension, for tests; that switch also keeps notifications from popping up.
   */
  vsix?: string;
  /** Folders of built extensions that are there beside it, as if they had been installed. */
  companions?: readonly string[];
}

const CALM_SETTINGS = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'security.workspace.trust.enabled': false,
};

/** Starts the editor on loopback with a profile of its own, which `stop` removes. */
export async function startEditorServer(options: EditorServerOptions): Promise<EditorServer> {
  const entry = await installCodeServer(options.say);
  await provideEditorLog(join(HOME, 'node_modules'));
  const port = options.port ?? (await freePort());
  const profile = await mkdtemp(join(tmpdir(), 'stratus-editor-'));
  const settings = JSON.stringify({ ...CALM_SETTINGS, ...options.settings }, null, 2);
  // A window of a server takes settings of scope `machine` from the server's own.
  for (const place of ['User', 'Machine']) {
    await mkdir(join(profile, 'data', place), { recursive: true });
    await writeFile(join(profile, 'data', place, 'settings.json'), settings);
  }
  const folders = [
    ...['--user-data-dir', join(profile, 'data'), '--extensions-dir', join(profile, 'extensions')],
    ...['--config', join(profile, 'config.yaml')],
  ];
  for (const folder of options.companions ?? []) {
    await cp(folder, join(profile, 'extensions', basename(folder)), { recursive: true });
  }
  if (options.vsix) installExtension(entry, options.vsix, folders);
  const args = [
    entry,
    ...['--bind-addr', `127.0.0.1:${port}`, '--auth', 'none'],
    ...folders,
    ...[
      '--disable-telemetry',
      '--disable-update-check',
      '--disable-workspace-trust',
      '--disable-getting-started-override',
    ],
    // The editor takes a development extension from the page's address only with this switch.
    ...(options.vsix ? [] : ['--vscode-option', 'enable-smoke-test-driver']),
  ];
  const lines: string[] = [];
  const child = spawn(process.execPath, args, {
    cwd: profile,
    env: { ...environment(), ...options.env, XDG_DATA_HOME: join(profile, 'share') },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: extension hosts are grandchildren and must end with it.
    detached: true,
  });
  const keep = (chunk: Buffer) => {
    lines.push(...chunk.toString().split('\n').filter(Boolean));
    lines.splice(0, Math.max(0, lines.length - 40));
  };
  child.stdout!.on('data', keep);
  child.stderr!.on('data', keep);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const endWithUs = () => signalGroup(child, 'SIGKILL');
  process.on('exit', endWithUs);
  const stop = async () => {
    await stopGroup(child, exited);
    process.off('exit', endWithUs);
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  const url = `http://localhost:${port}`;
  const tail = () => lines.slice(-15).join('\n');
  try {
    await answering(`${url}/healthz`, child, 60_000);
  } catch (error) {
    await stop();
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${tail()}`);
  }
  return { port, profile, url, remote: (path) => `vscode-remote://localhost:${port}${path}`, tail, exited, stop };
}

function installExtension(entry: string, vsix: string, folders: string[]): void {
  const args = [entry, ...folders, '--install-extension', vsix];
  const result = spawnSync(process.execPath, args, { env: environment(), encoding: 'utf8', timeout: 120_000 });
  if (result.status !== 0) throw new Error(`${vsix} could not be installed:\n${result.stdout}${result.stderr}`);
}

/** VS Code's own variables, when this runs in an editor's terminal, would make the server a client of that editor. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(VSCODE_|ELECTRON_|npm_)/i.test(key)));
}

async function answering(url: string, child: ChildProcess, milliseconds: number): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the editor's server ended with code ${child.exitCode}`);
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the editor's server did not answer on ${url} within ${milliseconds / 1000} s`);
}

async function stopGroup(child: ChildProcess, exited: Promise<void>): Promise<void> {
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), 3_000);
  await exited;
  clearTimeout(timer);
  signalGroup(child, 'SIGKILL');
}

function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, name);
  } catch {
    // The group is gone already.
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Address of the workbench; `extension`: folder of one in development mode, null where it is installed. */
export function workbenchUrl(
  server: EditorServer,
  folder: string,
  extension: string | null,
  payload: [string, string][] = [],
): string {
  const developed = extension === null ? [] : [['extensionDevelopmentPath', server.remote(extension)]];
  const all = [...developed, ['skipWelcome', 'true'], ...payload];
  return `${server.url}/?folder=${encodeURIComponent(folder)}&payload=${encodeURIComponent(JSON.stringify(all))}`;
}
