import type { Command, PipelineNode, SyntaxNode } from 'unbash';
import { finalizerEdit } from './finalizers.ts';
import { wordsOf } from './follow-context.ts';
import type { Context } from './follow-context.ts';
import type { ArgWord } from './words.ts';
import { base, isKubectlName, unwrap } from './wrappers.ts';

/** What people are told about finalizers that are taken away. */
export const WITHOUT_FINALIZERS =
  'taking finalizers away skips the clean-up they wait for; fix what they wait for instead';

/** A pipe in which some program takes finalizers out of what kubectl, or a request by hand, then writes. */
export function finalizersRemoved(commands: readonly (PipelineNode & SyntaxNode)[], context: Context): void {
  const { source, report } = context;
  if (!source.text.includes('finalizers')) return;
  // From the end, so that what comes after each is known.
  let isWritten = false;
  for (const node of [...commands].reverse()) {
    if (node.type !== 'Command') continue;
    const edit = isWritten ? finalizerEdit(wordsOf(node, context)) : undefined;
    if (edit)
      report.unread.push({
        source,
        start: edit.start,
        end: edit.end,
        message: WITHOUT_FINALIZERS,
        rule: 'finalizer-removal',
      });
    isWritten ||= objectReader(node, context) !== undefined;
  }
}

const READS_OBJECTS = new Set(['apply', 'create', 'replace', 'delete', 'patch']);

/** The verb of a kubectl that reads objects from standard input. */
export function objectReader(node: (PipelineNode & SyntaxNode) | undefined, context: Context): string | undefined {
  if (node?.type !== 'Command') return undefined;
  const words = wordsOf(node, context);
  const values = words.slice(words.findIndex(({ value }) => isKubectlName(base(value))) + 1).map(({ value }) => value);
  const reads = values.some(
    (value, index) =>
      value === '-f-' || /^--filename=-$/.test(value) || (/^(-f|--filename)$/.test(value) && values[index + 1] === '-'),
  );
  return reads ? values.find((value) => READS_OBJECTS.has(value)) : undefined;
}

/** Words that make a kubectl command in a text that another program prints. */
const PRINTS_COMMAND = /\bkubectl\s+[a-z]/;

/** True when a program other than kubectl has the text of a kubectl command among its words. */
export function printsCommand(nodes: readonly (PipelineNode & SyntaxNode)[], context: Context): boolean {
  return nodes.some((node) => {
    if (node.type !== 'Command' || !PRINTS_COMMAND.test(context.source.text.slice(node.pos, node.end))) return false;
    return wordsOf(node, context).some(({ value }) => PRINTS_COMMAND.test(value));
  });
}

/** The word that names the shell which reads its commands from standard input. */
export function scriptReader(node: Command, context: Context): ArgWord | undefined {
  for (let rest: readonly ArgWord[] = wordsOf(node, context), hops = 0; hops < 6 && rest.length > 0; hops++) {
    const inner = unwrap(rest);
    if (inner.kind === 'stdin-script') return rest[0];
    if (inner.kind !== 'command') return undefined;
    rest = inner.words;
  }
  return undefined;
}
