import { isAlias, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml';
import type { CST, Document, ParsedNode, Scalar, YAMLMap } from 'yaml';
import type { SourceText } from '../source-text.ts';
import { mapScalar } from './scalar-map.ts';

/** The documents of a YAML text; errors are in each document. Reads YAML 1.1 booleans as kubectl does. */
export function parseYaml(text: string): Document.Parsed[] {
  const documents = parseAllDocuments(text, {
    keepSourceTokens: true,
    uniqueKeys: false,
    version: '1.1',
    merge: true,
    prettyErrors: false,
    logLevel: 'silent',
    customTags: (tags) => tags,
  });
  return 'empty' in documents ? [] : documents;
}

/** A scalar whose source text is known. */
export interface TextScalar {
  node: Scalar;
  token: CST.FlowScalar | CST.BlockScalar;
}

/** The node as a scalar that stands in the text; undefined for maps, lists, aliases and implied nulls. */
export function textScalar(node: unknown): TextScalar | undefined {
  if (!isScalar(node) || !node.srcToken) return undefined;
  const token = node.srcToken;
  if (token.type === 'block-scalar' || 'source' in token)
    return { node, token: token as CST.FlowScalar | CST.BlockScalar };
  return undefined;
}

/** The text of a scalar with the place of each character. `document` is the original text, not the masked one. */
export function scalarText(document: string, scalar: TextScalar): SourceText {
  return mapScalar(document, scalar.token);
}

/** The value of a string-like scalar; undefined otherwise. */
export function stringOf(node: unknown): string | undefined {
  if (!isScalar(node)) return undefined;
  return typeof node.value === 'string' ? node.value : node.source;
}

/** The value node of a key; with duplicate keys the last one, which is what kubectl uses. */
export function valueOf(map: unknown, key: string): unknown {
  if (!isMap(map)) return undefined;
  return map.items.findLast((pair) => isScalar(pair.key) && pair.key.value === key)?.value ?? undefined;
}

/** A value by a path of keys. */
export function valueAt(map: unknown, ...keys: string[]): unknown {
  return keys.reduce(valueOf, map);
}

/** The items of a list; empty otherwise. */
export function itemsOf(node: unknown): readonly unknown[] {
  return isSeq(node) ? node.items : [];
}

/** Calls back for every key of every map in the tree, outermost first. Aliases are not followed. */
export function eachPair(
  node: unknown,
  callback: (key: string, value: unknown, map: YAMLMap, path: readonly string[]) => void,
  path: readonly string[] = [],
): void {
  if (path.length > 200 || isAlias(node)) return;
  if (isMap(node)) {
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      callback(key, pair.value, node, path);
      eachPair(pair.value, callback, [...path, key]);
    }
  } else if (isSeq(node)) for (const item of node.items) eachPair(item, callback, [...path, '*']);
}

/** Start and end of a node in the text. */
export function rangeOf(node: unknown): { start: number; end: number } | undefined {
  const range = (node as ParsedNode | undefined)?.range;
  return range ? { start: range[0], end: range[1] } : undefined;
}

/** The key node of a pair, for pointing at it. */
export function keyNode(map: unknown, key: string): unknown {
  if (!isMap(map)) return undefined;
  return map.items.findLast((pair) => isScalar(pair.key) && pair.key.value === key)?.key;
}
