import { isMap, isScalar, isSeq } from 'yaml';
import { commandIn } from '../regions/command-text.ts';
import { addCommandMap } from './command-map.ts';
import type { RegionCollector } from './region-collector.ts';
import { isShebang } from '../shell/script-text.ts';
import { itemsOf, stringOf, valueOf } from './yaml-tree.ts';

/** Keys whose text people read. */
const PROSE =
  /(?:^|[._-])(?:description|desc|summary|message|msg|title|help|usage|notes?|comments?|docs?|documentation|examples?|explanation|text|hint|tooltip|label|displayName|name|body|details?|reason|about|abstract|content|query|expr|runbook\w*|recommendation|remediation|mitigation|impact|rationale|audit|line|regexp?|question|answer|changelog|readme|placeholder|caption|prompt|error|warning)$/i;
/** Maps in which everything is for people or for matching. */
const PROSE_MAPS = /^(annotations|labels|matchLabels|openAPIV3Schema)$/;
const PROGRAMS = /^(?:[\w./-]*\/)?(?:kubectl|oc|(?:ba|da|z|k|a)?sh)$/;
const MAX_DEPTH = 60;

/**
 * Commands in places that no known tool explains: a list that begins with kubectl or a shell, a map of a program and its
 * arguments, and a text that is a kubectl command. Texts for people to read are left alone.
 */
export function addUnclaimed(root: unknown, regions: RegionCollector): void {
  // What a ConfigMap holds is data; scripts in it are known by their first line.
  if (/^(ConfigMap|Secret)$/.test(stringOf(valueOf(root, 'kind')) ?? '')) return;
  visit(root, '', regions, 0);
}

function visit(node: unknown, key: string, regions: RegionCollector, depth: number): void {
  if (depth > MAX_DEPTH || regions.isTaken(node)) return;
  if (isMap(node)) {
    addCommandMapUnclaimed(node, regions);
    for (const pair of node.items) {
      const name = isScalar(pair.key) ? String(pair.key.value) : '';
      if (!isProse(name, pair.value)) visit(pair.value, name, regions, depth + 1);
    }
  } else if (isSeq(node)) {
    const first = stringOf(node.items[0]);
    if (first !== undefined && PROGRAMS.test(first) && node.items.length > 1) regions.argv(itemsOf(node));
    else if (first === 'CMD-SHELL') regions.script(node.items[1]);
    else if (first === 'CMD') regions.argv(itemsOf(node).slice(1));
    for (const item of node.items) visit(item, key, regions, depth + 1);
  } else if (isScalar(node)) {
    const text = stringOf(node) ?? '';
    if (isShebang(text) || commandIn(text) !== undefined) regions.script(node);
  }
}

/** A file that is written out is no prose, whatever its key is called. */
function isProse(key: string, value: unknown): boolean {
  if (isMap(value) || (isSeq(value) && value.items.some(isMap))) return PROSE_MAPS.test(key);
  return PROSE.test(key) && !(isScalar(value) && isShebang(stringOf(value) ?? ''));
}

/** Only maps in which kubectl or a shell is named, so that names and paths of other things stay names and paths. */
function addCommandMapUnclaimed(map: unknown, regions: RegionCollector): void {
  if (!isMap(map)) return;
  const named = map.items.some(({ value }) => {
    const text = isSeq(value) ? stringOf(value.items[0]) : stringOf(value);
    return (
      text !== undefined &&
      text.length < 300 &&
      (PROGRAMS.test(text) || /\/kubectl(?:[:@]|$)|\bkubectl\b[^@]*@/.test(text))
    );
  });
  if (named) addCommandMap(map, regions);
}
