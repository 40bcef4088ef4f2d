import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Arrows of a drawing: what imports from what. */
export type Graph = Map<string, Set<string>>;

/**
 * Which rooms import from which, read off the import lines of src.
 * @param roomOf room of a file (path below src); null leaves the file out
 */
export function importGraph(src: string, roomOf: (file: string) => string | null): Graph {
  const graph: Graph = new Map();
  for (const entry of readdirSync(src, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
    const path = join(entry.parentPath, entry.name);
    const from = roomOf(relative(src, path));
    if (from === null) continue;
    const arrows = graph.get(from) ?? new Set();
    graph.set(from, arrows);
    for (const [, target] of readFileSync(path, 'utf8').matchAll(/ from '(\.[^']+)'/g)) {
      const to = roomOf(relative(src, join(dirname(path), target!)));
      if (to !== null && to !== from) arrows.add(to);
    }
  }
  return graph;
}

/** Without the arrows that a longer way says, too. */
export function reduced(graph: Graph): Graph {
  const reach = (from: string, seen = new Set<string>()): Set<string> => {
    for (const to of graph.get(from) ?? []) if (!seen.has(to)) reach(to, seen.add(to));
    return seen;
  };
  const shorter: Graph = new Map();
  for (const [from, arrows] of graph) {
    const kept = [...arrows].filter((to) => ![...arrows].some((other) => other !== to && reach(other).has(to)));
    shorter.set(from, new Set(kept));
  }
  return shorter;
}

export function drawing(graph: Graph): string {
  const lines = ['flowchart TD'];
  for (const from of [...graph.keys()].sort()) {
    for (const to of [...graph.get(from)!].sort()) lines.push(`  ${from} --> ${to}`);
  }
  return lines.join('\n');
}
