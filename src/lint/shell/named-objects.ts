import type { CommandExpansionPart, SyntaxNode } from 'unbash';
import { DYNAMIC } from '../../kubectl/flag-values.ts';

/** Programs that leave out or reorder lines but do not change them. */
const CHOOSES_LINES = new Set(['grep', 'egrep', 'fgrep', 'head', 'tail', 'sort', 'uniq', 'shuf']);
const VALUE_FLAGS =
  /^(-n|--namespace|-l|--selector|--field-selector|--context|--kubeconfig|--cluster|--request-timeout)$/;

/** A search for the file of kubectl. */
const FINDS_KUBECTL =
  /^(?:\$\(|`)\s*(?:which|type\s+-[pP]|command\s+-v|readlink\s+-f|realpath)\b[^|;&]*\bkubectl\s*[)`]$/;

/**
 * `KIND/…` for a substitution that prints the names of objects of one kind, such as `$(kubectl get ns -o name)`,
 * `kubectl` for one that finds it; undefined for any other.
 */
export function namedObjects(part: CommandExpansionPart): string | undefined {
  if (FINDS_KUBECTL.test(part.text)) return 'kubectl';
  const statements = part.script?.commands ?? [];
  const [statement] = statements;
  if (!statement || statements.length > 1) return undefined;
  const { command } = statement;
  return printedObjects(command.type === 'Pipeline' ? command.commands : [command]);
}

/** The same for the programs of a pipeline. */
export function printedObjects(nodes: readonly SyntaxNode[]): string | undefined {
  const [first, ...rest] = nodes;
  if (first?.type !== 'Command' || first.name?.value !== 'kubectl') return undefined;
  const chooses = (node: SyntaxNode): boolean => node.type === 'Command' && CHOOSES_LINES.has(node.name?.value ?? '');
  if (!rest.every(chooses)) return undefined;
  const words = first.args.map((item) => (item.type === 'Word' ? item.value : ''));
  const printsNames = words.some(
    (word, index) =>
      /^(-o=?|--output=)name$/.test(word) || (/^(-o|--output)$/.test(word) && words[index + 1] === 'name'),
  );
  const plain = words.filter(
    (word, index) =>
      !word.startsWith('-') &&
      !/^(-o|--output)$/.test(words[index - 1] ?? '') &&
      !VALUE_FLAGS.test(words[index - 1] ?? ''),
  );
  const [verb, kind] = plain;
  return printsNames && verb === 'get' && kind && /^[A-Za-z][\w.]*$/.test(kind)
    ? `${kind.toLowerCase()}/${DYNAMIC}`
    : undefined;
}
