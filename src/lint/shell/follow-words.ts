import { DYNAMIC } from '../../kubectl/flag-values.ts';
import { sourceFrom } from '../source-text.ts';
import type { SourceText } from '../source-text.ts';
import { joined } from './fed-text.ts';
import { PLAIN } from './follow-context.ts';
import type { Context, Surroundings } from './follow-context.ts';
import { mapWord } from './words.ts';
import type { ArgWord } from './words.ts';
import {
  base,
  isKubectlImage,
  isKubectlName,
  kubectlPrefix,
  passedOnCommand,
  programKind,
  unwrap,
} from './wrappers.ts';

/** A variable named after kubectl, or a search for its file. */
const KUBECTL_EXPANSION =
  /^"?\$\{?_?(\w*kubectl\w*|KUBECMD|OC|oc)\}?"?$|^"?(?:\$\(|`)\s*(?:which|type|command|echo|printf|readlink|realpath)\b[^|;&]*\bkubectl\s*[)`]"?$/i;

/** Variables that stand for a program which only prints its arguments, and for one that only gives rights. */
const PRINTS = /^"?\$\{?_?(echo|print|log|say|show)\w*\}?"?$/i;

const GIVES_RIGHTS = /sudo|doas|root|become/i;

/** Follows one list of words through aliases, functions and wrappers until kubectl is reached or nothing is left. */
export function followWords(
  words: readonly ArgWord[],
  context: Context,
  around: Surroundings,
  fed: readonly SourceText[],
  hops: number,
): void {
  const first = words[0];
  if (!first || hops > 8) return;
  const { scope } = context;
  const prefix = kubectlPrefix(words);
  if (prefix > 0) return emit(words, prefix, context, around, fed);
  if (first.value.includes(DYNAMIC)) {
    const text = first.node?.text ?? '';
    if (KUBECTL_EXPANSION.test(text)) return emit(words, 1, context, around, fed);
    // `$SUDO kubectl …`: whatever stands before it, the rest is a kubectl command.
    const at = PRINTS.test(text) ? -1 : passedOnCommand(words);
    if (at > 0)
      followWords(
        words.slice(at),
        context,
        { ...around, bounded: around.bounded || !GIVES_RIGHTS.test(text) },
        fed,
        hops + 1,
      );
    return;
  }
  const stands = scope.aliases.get(first.value) ?? scope.forwarders.get(first.value);
  if (stands && stands[0] !== first.value) {
    const { start, end } = first;
    return followWords(
      [...stands.map((value) => ({ value, start, end })), ...words.slice(1)],
      context,
      around,
      fed,
      hops + 1,
    );
  }
  const inner = unwrap(words);
  const script = context.inside;
  switch (inner.kind) {
    case 'command':
      followWords(
        inner.appendsWords && around.names !== undefined ? withNames(inner.words, around.names) : inner.words,
        context,
        {
          ...around,
          bounded: around.bounded || inner.bounded === true,
          openEnded: around.openEnded || (inner.appendsWords === true && around.names === undefined),
        },
        fed,
        hops + 1,
      );
      return;
    case 'script':
      script(sourceFrom(mapWord(inner.word, scope), inner.from ?? 0));
      if (inner.readsInput) for (const text of fed) script(text);
      return;
    case 'joined-script':
      script(joined(inner.words, scope));
      if (base(first.value) === 'ssh') for (const text of fed) script(text);
      return;
    case 'stdin-script':
      for (const text of fed) script(text);
      return;
    case 'other': {
      const at = passedOnCommand(words);
      if (at > 0) followWords(words.slice(at), context, { ...around, bounded: true }, fed, hops + 1);
      return;
    }
    case 'foreign':
      context.report.unread.push({
        source: context.source,
        start: first.start,
        end: first.end,
        message: 'this program in another language runs kubectl',
      });
      return;
    default:
  }
}

/** The words of xargs' command with the names it is given, where `{}` stands or at the end. */
function withNames(words: readonly ArgWord[], names: string): ArgWord[] {
  if (words.some(({ value }) => value === '{}'))
    return words.map((word) => (word.value === '{}' ? { value: names, start: word.start, end: word.end } : word));
  const last = words.at(-1);
  return last ? [...words, { value: names, start: last.start, end: last.end }] : [];
}

/** Reports the call, and looks into what exec, run and debug start in a container. */
function emit(
  words: readonly ArgWord[],
  prefix: number,
  context: Context,
  around: Surroundings,
  fed: readonly SourceText[],
): void {
  const program = words[prefix - 1] ?? words[0];
  if (!program) return;
  const args = words.slice(prefix);
  const { bounded, hasReader, fedInput, openEnded, input, inputFile, handedTo, settings } = around;
  context.report.calls.push({
    source: context.source,
    words: args,
    program,
    bounded,
    hasReader,
    fedInput,
    openEnded,
    editable: context.editable,
    ...(input ? { input } : {}),
    ...(inputFile ? { inputFile } : {}),
    ...(handedTo === undefined ? {} : { handedTo }),
    ...(settings ? { settings } : {}),
  });
  const dashes = args.findIndex((word) => word.value === '--');
  const inside = args.slice(dashes + 1);
  if (dashes < 0 || inside.length === 0) return;
  const within = { ...PLAIN, fedInput: around.fedInput };
  const isWhole = isKubectlName(base(inside[0]?.value ?? '')) || programKind(inside[0]?.value ?? '') === 'leads-on';
  if (!isWhole && runsKubectlImage(args.slice(0, dashes))) emit([program, ...inside], 1, context, within, fed);
  else followWords(inside, context, within, fed, 1);
}

/** True for `kubectl run --image=IMAGE` of an image whose program is kubectl, unless `--command` replaces it. */
function runsKubectlImage(args: readonly ArgWord[]): boolean {
  const values = args.map(({ value }) => value);
  if (!values.includes('run') || values.includes('--command')) return false;
  return values.some((value, index) =>
    isKubectlImage(value.startsWith('--image=') ? value.slice(8) : values[index - 1] === '--image' ? value : ''),
  );
}
