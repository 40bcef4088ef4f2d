import { isMap, isScalar, isSeq } from 'yaml';
import type { Document } from 'yaml';
import { foreignShell } from '../regions/region.ts';
import type { ForeignShell, Region } from '../regions/region.ts';
import type { ArgWord } from '../shell/words.ts';
import { verbatim } from '../source-text.ts';
import { mentionsKubectl } from '../shell/analyze-script.ts';
import { eachPair, itemsOf, scalarText, stringOf, textScalar, valueAt, valueOf } from './yaml-tree.ts';

type Add = (node: unknown, shell?: ForeignShell) => void;

/** Keys whose text, or list of texts, is shell in every tool that uses them. */
const SCRIPT_KEYS = new Set([
  'before_script',
  'after_script',
  'script',
  'bash',
  'cmds',
  'cmd',
  'shell',
  'ansible.builtin.shell',
  'ansible.builtin.command',
  'commands',
  'pre_script',
  'post_script',
]);
/** Azure Pipelines steps and Ansible tasks. */
const FOREIGN_KEYS = new Set(['pwsh', 'powershell', 'win_shell', 'ansible.windows.win_shell']);
const OTHER_LANGUAGES = new Set(['python', 'python3', 'node', 'perl', 'ruby', 'deno', 'php']);

/** The shell of a GitHub workflow or action step, if one is named. */
function stepShell(step: unknown, root: unknown, job: unknown): string {
  const shell =
    stringOf(valueOf(step, 'shell')) ??
    stringOf(valueAt(job, 'defaults', 'run', 'shell')) ??
    stringOf(valueAt(root, 'defaults', 'run', 'shell'));
  return /^[\w.]*/.exec(shell ?? '')?.[0] ?? '';
}

function addGitHub(root: unknown, add: Add): boolean {
  const jobs = valueOf(root, 'jobs');
  const steps = valueAt(root, 'runs', 'steps');
  if (!isMap(jobs) && !isSeq(steps)) return false;
  const visit = (list: unknown, job: unknown): void => {
    for (const step of itemsOf(list)) {
      const run = valueOf(step, 'run');
      if (isMap(run)) add(valueOf(run, 'command'));
      else {
        const shell = stepShell(step, root, job);
        if (!OTHER_LANGUAGES.has(shell)) add(run, foreignShell(shell));
      }
    }
  };
  if (isMap(jobs)) for (const pair of jobs.items) visit(valueOf(pair.value, 'steps'), pair.value);
  visit(steps, undefined);
  const commands = valueOf(root, 'commands');
  if (isMap(commands)) for (const pair of commands.items) visit(valueOf(pair.value, 'steps'), undefined);
  return true;
}

/** A container's command and args as argv words, or the script after `sh -c`. */
function addContainer(document: string, container: unknown, regions: Region[]): void {
  const command = [...itemsOf(valueOf(container, 'command'))];
  const args = [...itemsOf(valueOf(container, 'args'))];
  addArgv(document, [...command, ...args], regions);
  for (const handler of [
    valueAt(container, 'lifecycle', 'postStart'),
    valueAt(container, 'lifecycle', 'preStop'),
    valueOf(container, 'livenessProbe'),
    valueOf(container, 'readinessProbe'),
    valueOf(container, 'startupProbe'),
  ]) {
    addArgv(document, [...itemsOf(valueAt(handler, 'exec', 'command'))], regions);
  }
}

function addArgv(document: string, items: readonly unknown[], regions: Region[]): void {
  const words: ArgWord[] = [];
  let mentions = false;
  const texts: { index: number; text: string }[] = [];
  for (const item of items) {
    const scalar = textScalar(item);
    if (!scalar) return;
    const text = stringOf(item) ?? '';
    mentions ||= mentionsKubectl(text);
    texts.push({ index: words.length, text });
    const start = scalar.token.offset;
    words.push({ value: text, start, end: scalar.node.range?.[1] ?? start });
  }
  if (!mentions) return;
  const shell = texts.findIndex(({ text }) => /^-[a-z]*c$/.test(text));
  const isShell = /(^|\/)(ba|z|da|k|a)?sh$/.test(texts[0]?.text ?? '');
  const script = isShell && shell > 0 ? items[shell + 1] : undefined;
  if (script !== undefined) {
    const scalar = textScalar(script);
    if (scalar) regions.push({ kind: 'script', source: scalarText(document, scalar) });
    return;
  }
  regions.push({ kind: 'argv', source: verbatim(document), words });
}

function isShebang(text: string): boolean {
  return /^#!.*\b(ba|da|z|k|a)?sh\b/.test(text);
}

/** The pieces of a YAML document that run commands, whichever of the known tools reads it. */
export function yamlRegions(text: string, documents: readonly Document.Parsed[]): Region[] {
  const regions: Region[] = [];
  const done = new Set<unknown>();
  const add: Add = (node, shell) => {
    if (done.has(node)) return;
    done.add(node);
    if (isSeq(node)) {
      for (const item of node.items) add(isMap(item) ? (valueOf(item, 'cmd') ?? valueOf(item, 'command')) : item);
      return;
    }
    if (isMap(node)) return add(valueOf(node, 'command') ?? valueOf(node, 'cmd'));
    const scalar = textScalar(node);
    const value = stringOf(node);
    if (!scalar || value === undefined || !mentionsKubectl(value)) return;
    const first = /^#!([^\n]*)/.exec(value)?.[1];
    if (first !== undefined && !isShebang(value)) return;
    const source = scalarText(text, scalar);
    regions.push(shell ? { kind: 'foreign', source, shell } : { kind: 'script', source });
  };
  for (const document of documents) {
    const root = document.contents;
    if (addGitHub(root, add)) continue;
    const kind = stringOf(valueOf(root, 'kind'));
    const manifest = kind !== undefined && valueOf(root, 'apiVersion') !== undefined;
    eachPair(root, (key, value, _map, path) => {
      if (manifest) manifestPair(text, kind, key, value, path, add, regions);
      else if (SCRIPT_KEYS.has(key)) add(value);
      else if (FOREIGN_KEYS.has(key)) add(value, 'PowerShell');
      else if (key === 'command' && isScalar(value) && path.at(-1) !== 'with') add(value);
      else if (key === 'command' || key === 'entrypoint') addArgv(text, itemsOf(value), regions);
    });
  }
  return regions;
}

function manifestPair(
  text: string,
  kind: string,
  key: string,
  value: unknown,
  path: readonly string[],
  add: Add,
  regions: Region[],
): void {
  const inData = path.length === 1 && (path[0] === 'data' || path[0] === 'stringData');
  if (inData && (kind === 'ConfigMap' || kind === 'Secret')) {
    const script = stringOf(value);
    if (script !== undefined && (isShebang(script) || /\.(sh|bash)$/.test(key))) add(value);
    return;
  }
  if (key === 'containers' || key === 'initContainers' || key === 'ephemeralContainers' || key === 'sidecars') {
    for (const container of itemsOf(value)) addContainer(text, container, regions);
  } else if (key === 'container' && isMap(value)) addContainer(text, value, regions);
  else if (key === 'script' && isMap(value)) add(valueOf(value, 'source'));
  else if (key === 'script') add(value);
  else if (key === 'steps' && isSeq(value))
    for (const step of value.items) if (!valueOf(step, 'script')) addContainer(text, step, regions);
}
