import type { Assignment, Command } from 'unbash';
import { DYNAMIC } from '../../kubectl/flag-values.ts';
import type { Scope } from './scope.ts';
import type { CallSettings } from './script-report.ts';
import { plainValue } from './words.ts';
import type { ArgWord } from './words.ts';
import { base } from './wrappers.ts';

/** What commands so far have made the current target, while a script is followed from top to bottom. */
export interface Ambient {
  target?: string;
  /** Relative to where the script started. */
  folder?: string;
}

const CHOOSES_TARGET = /use-context|kubectx|kubectl\s+ctx|kubie|update-kubeconfig|get-credentials/;

/** True if what a command means may depend on commands far above it, so that the script is followed as a whole. */
export function dependsOnOrder(script: string): boolean {
  return (
    CHOOSES_TARGET.test(script) ||
    (/(?:^|[;&|(\n])\s*(?:cd|pushd)\s/.test(script) && /\s(?:-f|-k|--filename|--kustomize)\b/.test(script))
  );
}

/** True for a command that leaves a person nothing to type, whatever editor it is. */
const EDITORS = ['KUBE_EDITOR', 'EDITOR', 'VISUAL'];

const PEOPLES_EDITORS = /^(?:\S*\/)?(vim?|nvim|nano|emacs|code|subl|pico|joe|micro|helix|hx|ed)\b/;

/** Notes a command that chooses a context, a cluster or a folder. */
export function noteTarget(words: readonly ArgWord[], ambient: Ambient): void {
  const target = chosenTarget(words.map(({ value }) => value));
  if (target !== undefined && !target.includes(DYNAMIC)) ambient.target = target;
  noteFolder(words, ambient);
}

function noteFolder([first, second]: readonly ArgWord[], ambient: Ambient): void {
  if (first?.value !== 'cd' && first?.value !== 'pushd') return;
  const to = second?.value ?? '';
  const isRelative = to !== '' && to !== '-' && !/^[/~]/.test(to) && !to.includes(DYNAMIC);
  // An unknown folder is most often the script's own.
  if (isRelative) ambient.folder = ambient.folder === undefined ? to : `${ambient.folder}/${to}`;
  else delete ambient.folder;
}

function chosenTarget(words: readonly string[]): string | undefined {
  const name = base(words[0] ?? '');
  const plain = words.slice(1).filter((word) => !word.startsWith('-'));
  const after = (option: RegExp): string | undefined => {
    const at = words.findIndex((word) => option.test(word));
    const word = words[at] ?? '';
    return at < 0 ? undefined : word.includes('=') ? word.slice(word.indexOf('=') + 1) : words[at + 1];
  };
  if (name === 'kubectx') return plain[0];
  if (name === 'kubie') return plain[0] === 'ctx' ? plain[1] : undefined;
  if (name === 'aws') return plain.includes('update-kubeconfig') ? after(/^--name(=|$)/) : undefined;
  if (name === 'az') return plain.includes('get-credentials') ? after(/^(-n|--name)(=|$)/) : undefined;
  if (name === 'gcloud') return plain[plain.indexOf('get-credentials') + 1 || plain.length];
  if (plain[0] === 'ctx') return plain[1];
  const at = words.indexOf('use-context');
  return at > 0 && words.includes('config') ? words[at + 1] : undefined;
}

/** What variables, assignments before the command, and commands before it set for it. */
export function settingsOf(node: Command | undefined, scope: Scope, ambient: Ambient): CallSettings | undefined {
  const own = new Map<string, string>();
  for (const item of node?.prefix ?? []) if (isPlain(item)) own.set(item.name, plainValue(item.value, scope));
  const valueOf = (name: string): string | undefined => own.get(name) ?? scope.variables.get(name)?.value;
  const config = valueOf('KUBECONFIG');
  const target =
    config !== undefined && config !== '' && !base(config).includes(DYNAMIC) ? kubeconfigName(config) : ambient.target;
  // Which of the names is set last is not known; one that names a program is enough.
  const editor = EDITORS.some((name) => {
    const value = valueOf(name);
    return (
      value !== undefined && !value.includes(DYNAMIC) && value.trim() !== '' && !PEOPLES_EDITORS.test(value.trim())
    );
  });
  const { folder } = ambient;
  if (target === undefined && folder === undefined && !editor) return undefined;
  return {
    ...(target === undefined ? {} : { target }),
    ...(folder === undefined ? {} : { folder }),
    ...(editor ? { editor } : {}),
  };
}

function isPlain(
  item: Command['prefix'][number],
): item is Assignment & { value: Exclude<Assignment['value'], { type: 'ArrayValue' }> } {
  return item.type === 'Assignment' && item.value.type !== 'ArrayValue';
}

/** What a kubeconfig file is called, without its folder and ending. */
export function kubeconfigName(path: string): string {
  return base(path).replace(/\.(ya?ml|conf|config|kubeconfig)$/, '');
}
