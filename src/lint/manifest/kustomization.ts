import { itemsOf, parseYaml, stringOf, valueOf } from '../yaml/yaml-tree.ts';

/** Fields of a kustomization that name files and folders with objects (kubectl.docs.kubernetes.io, "kustomization"). */
const FIELDS = ['resources', 'bases', 'components', 'crds'];

/** The relative paths that a kustomization takes its objects from; addresses on the network are left out. */
export function localResources(text: string): string[] {
  try {
    const [root] = parseYaml(text).map(({ contents }) => contents);
    const names = FIELDS.flatMap((field) => itemsOf(valueOf(root, field)).map(stringOf));
    return names.filter(
      (name): name is string => name !== undefined && !/^[\w+.-]+:\/\/|^git@|^github\.com\/|\?ref=/.test(name),
    );
  } catch {
    // Nested deeper than can be followed: kustomize refuses it as well.
    return [];
  }
}
