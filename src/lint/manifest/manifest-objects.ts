import { isSeq } from 'yaml';
import { maskTemplates } from '../yaml/mask.ts';
import { yamlChunks } from '../yaml/yaml-chunks.ts';
import { itemsOf, parseYaml, rangeOf, stringOf, valueAt, valueOf } from '../yaml/yaml-tree.ts';

/** One Kubernetes object of a manifest as kubectl reads it: of repeated keys the last one counts. */
export interface ManifestObject {
  kind: string;
  name: string;
  namespace?: string;
  /** Offset of its kind in the text. */
  start: number;
}

const MAX_LIST_DEPTH = 5;

function objectsOf(root: unknown, offset: number, depth: number): ManifestObject[] {
  const kind = stringOf(valueOf(root, 'kind'));
  if (kind === undefined || valueOf(root, 'apiVersion') === undefined || depth > MAX_LIST_DEPTH) return [];
  const items = valueOf(root, 'items');
  if (kind.endsWith('List') && isSeq(items))
    return itemsOf(items).flatMap((item) => objectsOf(item, offset, depth + 1));
  const name = stringOf(valueAt(root, 'metadata', 'name'));
  if (name === undefined) return [];
  const namespace = stringOf(valueAt(root, 'metadata', 'namespace'));
  const start = offset + (rangeOf(valueOf(root, 'kind'))?.start ?? 0);
  return [{ kind, name, start, ...(namespace === undefined ? {} : { namespace }) }];
}

/**
 * The objects of a YAML or JSON manifest, those in lists too; template expressions are unknown text. Empty for a text that
 * is nested deeper than can be followed.
 */
export function manifestObjects(text: string): ManifestObject[] {
  try {
    return yamlChunks(text).flatMap((chunk) =>
      parseYaml(maskTemplates(chunk.text)).flatMap(({ contents }) => objectsOf(contents, chunk.start, 0)),
    );
  } catch {
    // Manifests are a help for other findings; their own analysis reports it.
    return [];
  }
}
