// Entry point of every npm script. It runs under whatever Node the machine has (18 or later) and has no
// dependencies: it fetches the pinned Node through npm when the current one is too old, installs the
// locked dependencies when they changed, and hands over to the task. All notices go to standard error so
// that a task's standard output (for example JSON) stays clean.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_VERSION = '24.21.0';
const TASKS = {
  start: 'scripts/start.ts',
  test: 'scripts/test.ts',
  soak: 'scripts/soak.ts',
  editor: 'scripts/editor.ts',
  testbed: 'test/testbed/cli.ts',
  stratus: 'src/cli/main.ts',
  bench: 'scripts/bench.ts',
  build: 'scripts/build.ts',
  check: 'scripts/check.ts',
  package: 'scripts/package.ts',
};

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'stratus');
const say = (text) => process.stderr.write(`stratus: ${text}\n`);

function fail(text) {
  say(text);
  process.exit(4);
}

function run(command, args, options) {
  const result = spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options });
  if (result.error) fail(`could not start ${command}: ${result.error.message}`);
  return result.status ?? 1;
}

/** Only one bootstrap at a time may install into a folder; a lock left by a dead process is taken over. */
function withLock(folder, work) {
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, '.bootstrap-lock');
  const deadline = Date.now() + 10 * 60_000;
  for (;;) {
    try {
      mkdirSync(lock);
      writeFileSync(join(lock, 'pid'), String(process.pid));
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!lockHolderAlive(lock)) {
        rmSync(lock, { recursive: true, force: true });
        continue;
      }
      if (Date.now() > deadline) fail(`another set-up holds ${lock}; remove that folder if none is running`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  try {
    return work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function lockHolderAlive(lock) {
  try {
    process.kill(Number(readFileSync(join(lock, 'pid'), 'utf8')), 0);
    return true;
  } catch (error) {
    // No pid file yet means that the holder is between mkdir and write.
    return error.code === 'ENOENT' || error.code === 'EPERM';
  }
}

function recentEnough(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 15);
}

/** Absolute path of a Node that satisfies package.json's engines. */
function findNode() {
  if (recentEnough(process.version)) return process.execPath;
  const home = join(cache, `node-${NODE_VERSION}`);
  const binary = join(home, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const works = () =>
    existsSync(binary) && spawnSync(binary, ['--version']).stdout?.toString().trim() === `v${NODE_VERSION}`;
  if (works()) return binary;
  withLock(cache, () => {
    if (works()) return;
    say(`Node ${process.version} is too old; fetching Node ${NODE_VERSION} through npm (once, about 20 s)`);
    const staging = `${home}.partial`;
    rmSync(staging, { recursive: true, force: true });
    rmSync(home, { recursive: true, force: true });
    mkdirSync(staging, { recursive: true });
    writeFileSync(join(staging, 'package.json'), '{"private":true}');
    const args = ['install', '--no-audit', '--no-fund', '--no-save', '--foreground-scripts', `node@${NODE_VERSION}`];
    if (run('npm', args, { cwd: staging, env: npmEnvironment() }) !== 0) {
      fail(`npm could not install node@${NODE_VERSION}; install Node ${NODE_VERSION} or newer yourself and try again`);
    }
    renameSync(staging, home);
  });
  if (!works()) fail(`the Node fetched to ${home} does not run on this machine; install Node ${NODE_VERSION} yourself`);
  return binary;
}

/** npm hands its own settings to scripts through the environment; a nested npm must read its own. */
function npmEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^npm_/i.test(key)));
}

function installDependencies(node) {
  const stamp = join(root, 'node_modules', '.stratus-lock-hash');
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const current = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (current()) return;
  withLock(cache, () => {
    if (current()) return;
    say('installing the locked dependencies (npm ci)');
    const env = { ...npmEnvironment(), PATH: `${dirname(node)}:${process.env.PATH}` };
    if (run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, env }) !== 0) {
      fail('npm ci failed; its message is above');
    }
    writeFileSync(stamp, wanted);
  });
}

const [task, ...args] = process.argv.slice(2);
const script = TASKS[task];
if (!script) {
  say(`unknown task '${task ?? ''}'; one of: ${Object.keys(TASKS).join(', ')}`);
  process.exit(64);
}
const node = findNode();
installDependencies(node);
const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(root, script), ...args], {
  stdio: 'inherit',
  env: {
    // Sources are run as they are; without it every process would compile a hundred files again.
    NODE_COMPILE_CACHE: join(cache, 'compiled'),
    ...npmEnvironment(),
    PATH: `${dirname(node)}:${process.env.PATH}`,
  },
  cwd: process.env.INIT_CWD || process.cwd(),
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  if (signal) process.kill(process.pid, signal);
  process.exit(code ?? 1);
});
