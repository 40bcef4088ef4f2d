import type { RawCommand, RawGrammar } from './grammar-types.ts';

/** One command without its subcommands; null: this release has no such command. */
export type OwnPart = Pick<RawCommand, 'a' | 'f'> | null;

/** A release's grammar as what differs from another one, by command path (`rollout undo`; root: empty). */
export interface GrammarDifference {
  version: string;
  commands: Record<string, OwnPart>;
}

function flat(command: RawCommand, path: string, out: Map<string, OwnPart>): Map<string, OwnPart> {
  const { a, f } = command;
  out.set(path, { ...(a ? { a } : {}), ...(f === undefined ? {} : { f }) });
  for (const [name, child] of Object.entries(command.c ?? {})) flat(child, path ? `${path} ${name}` : name, out);
  return out;
}

/** What has to be changed in `base` to get `other`. */
export function grammarDifference(base: RawGrammar, other: RawGrammar): GrammarDifference {
  const before = flat(base.root, '', new Map());
  const after = flat(other.root, '', new Map());
  const commands: Record<string, OwnPart> = {};
  for (const path of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const part = after.get(path) ?? null;
    if (JSON.stringify(part) !== JSON.stringify(before.get(path) ?? null)) commands[path] = part;
  }
  return { version: other.version, commands };
}

/** The grammar that a difference describes. */
export function applyDifference(base: RawGrammar, difference: GrammarDifference): RawGrammar {
  const parts = flat(base.root, '', new Map());
  for (const [path, part] of Object.entries(difference.commands)) parts.set(path, part);
  const root: RawCommand = {};
  // Parents sort before their subcommands.
  for (const path of [...parts.keys()].sort()) {
    const part = parts.get(path);
    if (!part) continue;
    const names = path.split(' ').filter(Boolean);
    const own = names.pop();
    if (own === undefined) {
      Object.assign(root, part);
      continue;
    }
    let parent: RawCommand | undefined = root;
    for (const name of names) parent = parent?.c?.[name];
    if (!parent) throw new Error(`kubectl grammar ${difference.version}: ${path} has no parent`);
    (parent.c ??= {})[own] = { ...part };
  }
  return { version: difference.version, root };
}
