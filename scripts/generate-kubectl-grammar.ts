/**
 * Derives kubectl's command grammar from a kubectl binary and writes it as compact JSON.
 *
 *   node scripts/generate-kubectl-grammar.ts KUBECTL [OUT.json [BASE.json]]
 *
 * With BASE, only what differs from that stored grammar is written. A kubectl of any release can be built from the Go
 * module k8s.io/kubectl: a main that runs cmd.NewDefaultKubectlCommand() through k8s.io/component-base/cli.
 *
 * Names, aliases, shorthands and defaults come from `--help`. Arity and value type come from two probes per flag that can
 * never run the command, because an unknown flag always follows: `CMD --flag --zz1 --zz2` names the unknown flag that
 * was reached (`--zz1`: the flag takes no separate word), and `CMD --flag=@@ --zz2` names the value type in its error.
 * Flags that two help pages describe in the same words are of one type and probed once, but for lists: those of `run`
 * and `debug` have one text and two readings.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { grammarDifference } from '../src/kubectl/grammar/grammar-difference.ts';
import type { RawCommand, RawGrammar } from '../src/kubectl/grammar/grammar-types.ts';

interface HelpFlag {
  name: string;
  short: string;
  initial: string;
  about: string;
}

interface Help {
  commands: string[];
  aliases: string[];
  flags: HelpFlag[];
}

const PROBE_TIMEOUT_MS = 10_000;
const PARALLEL = 2;

/** Reads the sections of one `kubectl … --help` page that matter to the grammar. */
export function parseHelp(text: string): Help {
  const help: Help = { commands: [], aliases: [], flags: [] };
  let section = '';
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    const heading = /^([A-Z][^:]*):$/.exec(line);
    if (heading) {
      section = heading[1] ?? '';
      continue;
    }
    const flag = /^ {4}(?:-(\w), )?--([\w-]+)=(.*):$/.exec(line);
    if (flag) {
      const about = lines[index + 1]?.trim() ?? '';
      help.flags.push({ short: flag[1] ?? '', name: flag[2] ?? '', initial: flag[3] ?? '', about });
    } else if (section === 'Aliases')
      help.aliases.push(
        ...line
          .split(',')
          .map((word) => word.trim())
          .filter(Boolean),
      );
    else if (/Commands|Subcommands/.test(section)) {
      const command = /^ {2}([a-z][\w-]*) {2,}/.exec(line);
      if (command?.[1] && section !== 'Subcommands provided by plugins') help.commands.push(command[1]);
    }
  }
  return help;
}

/** Runs one kubectl binary in an empty home without a cluster and returns everything it printed. */
function runner(binary: string, home: string): (args: string[]) => Promise<string> {
  const env = { HOME: home, PATH: '/nonexistent', KUBECONFIG: '/dev/null' };
  return (args) =>
    new Promise((resolve, reject) => {
      const child = spawn(binary, args, {
        env,
        cwd: home,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: PROBE_TIMEOUT_MS,
      });
      let out = '';
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.on('error', reject);
      child.on('close', () => resolve(out));
    });
}

async function inParallel<T>(jobs: (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < jobs.length; index = next++) {
      const job = jobs[index];
      if (job) results[index] = await job();
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return results;
}

/** One letter per value type, see RawCommand in src/kubectl/grammar/grammar-types.ts. */
async function flagType(run: (args: string[]) => Promise<string>, path: string[], flag: HelpFlag): Promise<string> {
  const separate = await run([...path, `--${flag.name}`, '--zz1', '--zz2']);
  const joined = await run([...path, `--${flag.name}=@@`, '--zz2']);
  if (!/invalid argument|unknown flag|must be|no such file/.test(joined))
    throw new Error(`unreadable probe of ${path.join(' ')} --${flag.name}: ${joined}`);
  const takesWord = !/unknown flag: --zz1/.test(separate);
  if (/strconv\.ParseBool/.test(joined)) return takesWord ? 'B' : 'b';
  if (!takesWord) return 'o';
  if (/strconv\.(ParseInt|Atoi)/.test(joined)) {
    return /invalid argument/.test(await run([...path, `--${flag.name}=0x1f`, '--zz2'])) ? 'n' : 'i';
  }
  if (/strconv\.ParseFloat/.test(joined)) return 'f';
  if (/invalid duration|: parse error$/m.test(joined)) return 'd';
  if (/expect comma-separated list of filename=N/.test(joined)) return 'v';
  if (/must be formatted as key=value/.test(joined)) return 'm';
  if (/malformed pair/.test(joined)) return 'p';
  if (/invalid argument/.test(joined)) return 'x';
  if (!flag.initial.startsWith('[')) return 's';
  return /invalid argument/.test(await run([...path, `--${flag.name}=a"b`, '--zz2'])) ? 'c' : 'l';
}

/** The whole grammar of the binary; about 1,000 short runs. */
export async function readGrammar(binary: string): Promise<RawGrammar> {
  const home = mkdtempSync(join(tmpdir(), 'kubectl-grammar-'));
  try {
    const run = runner(binary, home);
    const version = /Client Version: v([\w.+-]+)/.exec(await run(['version', '--client']))?.[1];
    if (!version) throw new Error(`${binary} did not print its version`);
    const globals = parseHelp(await run(['options'])).flags;
    const types = new Map<string, Promise<string>>();
    const typeOf = (path: string[], flag: HelpFlag): Promise<string> => {
      if (flag.initial.startsWith('[')) return flagType(run, path, flag);
      const key = JSON.stringify(flag);
      const known = types.get(key) ?? flagType(run, path, flag);
      types.set(key, known);
      return known;
    };
    const visit = async (path: string[]): Promise<RawCommand> => {
      const help = parseHelp(await run([...path, '--help']));
      const flags = path.length > 0 ? help.flags : [];
      const typed = await inParallel(flags.map((flag) => async () => encode(flag, await typeOf(path, flag))));
      const node: RawCommand = {};
      const own = path.at(-1);
      const aliases = help.aliases.filter((alias) => alias !== own);
      if (aliases.length > 0) node.a = aliases.sort();
      if (typed.length > 0) node.f = typed.sort().join(' ');
      const names = [...new Set(help.commands)].filter((name) => path.length > 0 || name !== 'help').sort();
      if (names.length > 0) {
        node.c = {};
        for (const name of names) node.c[name] = await visit([...path, name]);
      }
      return node;
    };
    const root = await visit([]);
    root.f = (await inParallel(globals.map((flag) => async () => encode(flag, await typeOf(['get'], flag)))))
      .sort()
      .join(' ');
    return { version, root };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function encode(flag: HelpFlag, type: string): string {
  return `${flag.name}${flag.short ? `,${flag.short}` : ''}:${type}`;
}

async function main(): Promise<number> {
  const [binary, out, base] = process.argv.slice(2);
  if (!binary) {
    console.error('usage: node scripts/generate-kubectl-grammar.ts KUBECTL [OUT.json [BASE.json]]');
    return 64;
  }
  const grammar = await readGrammar(binary);
  const stored = base ? grammarDifference(JSON.parse(readFileSync(base, 'utf8')) as RawGrammar, grammar) : grammar;
  const text = `${JSON.stringify(stored)}\n`;
  if (out) writeFileSync(out, text);
  else process.stdout.write(text);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main();
