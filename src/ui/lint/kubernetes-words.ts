/**
 * What some text must hold for the linter to have anything to say about it: kubectl under any name or path, other
 * programs and settings of its family, the field that every manifest begins with, or the request by hand that ends a
 * namespace.
 */
const WORDS = /kube|k8s|apiversion|stratus|\boc\b|\bhelm|kustomiz|skaffold|\/finalize\b/i;

/** What a shell takes out of a word: `ku"be"ctl` and `k{ube,}ctl` are kubectl. */
const QUOTING = /["'\\{},]/g;

/** False only where the linter would find nothing; cheap enough for every document that is opened. */
export function mayConcernKubernetes(text: string): boolean {
  return WORDS.test(text) || WORDS.test(text.replace(QUOTING, ''));
}
