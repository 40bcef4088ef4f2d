import { isMap, isScalar, isSeq } from 'yaml';
import { isKubectlImage } from '../shell/wrappers.ts';
import type { RegionCollector } from './region-collector.ts';
import { itemsOf, stringOf, valueOf } from './yaml-tree.ts';

/** Where maps of any tool name the program and its arguments. */
const PROGRAM_KEYS = ['entrypoint', 'command', 'executable', 'program', 'path', 'cmd'];
const ARGUMENT_KEYS = ['args', 'arguments', 'argv'];
/** Where they name an image, a builder or an action whose program is kubectl. */
const IMAGE_KEYS = ['image', 'name', 'uses'];

/**
 * What one map runs, if it names a program and its arguments in keys of their own: containers of any tool, Cloud Build
 * steps, Concourse tasks, hooks of helmfile and skaffold, tasks of editors, actions.
 */
export function addCommandMap(map: unknown, regions: RegionCollector): void {
  if (!isMap(map)) return;
  const [program, ...others] = PROGRAM_KEYS.map((key) => regions.resolved(valueOf(map, key))).filter(
    (node) => node !== undefined,
  );
  const args = ARGUMENT_KEYS.map((key) => regions.resolved(valueOf(map, key))).find((node) => node !== undefined);
  const image = kubectlImage(map);
  // compose: `entrypoint` is the program, `command` its arguments.
  const rest = args ?? (isList(others[0]) || isWord(program) ? others[0] : undefined);
  if (program === undefined) {
    if (image !== undefined) addArguments(image, rest ?? args, regions);
    return;
  }
  if (image !== undefined && valueOf(map, 'entrypoint') === undefined && rest === undefined && !namesProgram(program))
    return addArguments(image, program, regions);
  if (isList(program) && /\S\s+\S/.test(stringOf(itemsOf(program)[0]) ?? '')) return regions.script(program);
  if (isList(program)) return regions.argv([...itemsOf(program), ...itemsOf(rest)], image);
  if (isWord(program) && isList(rest)) return regions.argv([program, ...itemsOf(rest)]);
  if (isWord(program) && isKubectl(stringOf(program) ?? '') && isScalar(rest)) return regions.pieces(program, [rest]);
  regions.script(program);
}

function addArguments(image: unknown, args: unknown, regions: RegionCollector): void {
  if (isList(args)) regions.argv(itemsOf(args), image);
  else if (isScalar(args)) {
    if (/^\s*(kubectl|(ba)?sh)\s/.test(stringOf(args) ?? '')) regions.script(args);
    else regions.pieces(image, [args]);
  }
}

const isList = (node: unknown): boolean => isSeq(node) && node.items.length > 0;
const isWord = (node: unknown): boolean => isScalar(node) && /^\S+$/.test(stringOf(node) ?? '');
const isKubectl = (word: string): boolean => /^(?:[\w./-]*\/)?kubectl$/.test(word);

/** True if the list or text begins with a program of its own, so that the image's is not run. */
function namesProgram(node: unknown): boolean {
  const first = isSeq(node) ? stringOf(node.items[0]) : stringOf(node)?.trim().split(/\s/)[0];
  return first === undefined || isKubectl(first) || first.startsWith('/') || /^(ba|da|z|k|a)?sh$/.test(first);
}

function kubectlImage(map: unknown): unknown {
  for (const key of IMAGE_KEYS) {
    const node = valueOf(map, key);
    const name = (stringOf(node) ?? '').replace(/^docker:\/\//, '');
    if (isKubectlImage(name) || (key === 'uses' && /^[^@]*\bkubectl\b[^@]*@/.test(name))) return node;
  }
  return undefined;
}
