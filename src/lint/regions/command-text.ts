import { childNamed, defaultGrammar } from '../../kubectl/grammar/grammar.ts';

/** Programs that people put in front of kubectl, with what they take. */
const BEFORE = String.raw`(?:(?:sudo|exec|time|nohup|command|env|then|do|else|if|!|while|until|\w+=\S*|timeout(?:\s+-\S+)*\s+[\w.]+|cross-env|npx|dotenv(?:\s+--)?|env-cmd(?:\s+-f\s+\S+)?|(?:ba|z)?sh\s+-\w*c)\s+)*["']?`;
/** A place where a command can begin, then kubectl, flags, and a word. */
const RUN = new RegExp(
  String.raw`(?:^|[\n;&|({]|\$\()[ \t]*(?:[$>%#@+-]+[ \t]+)?${BEFORE}(?:[\w./~\uE0FF{}$-]*\/)?(kubectl|oc)(?:\.exe)?\s+((?:-\S*\s+(?:(?!-)\S+\s+)??)*)([a-z][a-z-]*)`,
  'g',
);
/** Words that follow kubectl in sentences and are no verbs of it. */
const OC_ONLY =
  /^(adm|new-app|new-project|project|login|rsh|process|policy|start-build|rollback|import-image|tag|extract)$/;

/**
 * The offset of the first kubectl command in a text that may be anything: where a command can begin, and with a verb that
 * kubectl has. Undefined when there is none.
 */
export function commandIn(text: string): number | undefined {
  if (!text.includes('kubectl') && !/\boc\s/.test(text)) return undefined;
  for (const match of text.matchAll(RUN)) {
    const verb = match[3] ?? '';
    const isVerb = childNamed(defaultGrammar().root, verb) !== undefined || (match[1] === 'oc' && OC_ONLY.test(verb));
    if (isVerb) return match.index + match[0].lastIndexOf(match[1] ?? '');
  }
  return undefined;
}
