import type { KubeObject } from '../../domain/kube-object.ts';

/**
 * Reads an equality selector (`a=b,c!=d,e,!f`) as a predicate on labels; null for anything else, such as sets, whose
 * meaning must not be guessed.
 */
export function equalitySelector(text: string): ((object: KubeObject) => boolean) | null {
  const tests: ((labels: Record<string, string>) => boolean)[] = [];
  for (const part of text.split(',').map((item) => item.trim())) {
    const match = /^(!?)([\w./-]+)(?:(==|!=|=)([\w.-]*))?$/.exec(part);
    if (!match) return null;
    const [, not, key = '', operator, value = ''] = match;
    if (not && operator) return null;
    if (!operator) tests.push((labels) => key in labels !== (not === '!'));
    else if (operator === '!=') tests.push((labels) => labels[key] !== value);
    else tests.push((labels) => labels[key] === value);
  }
  return ({ metadata }) => tests.every((test) => test(metadata.labels ?? {}));
}
