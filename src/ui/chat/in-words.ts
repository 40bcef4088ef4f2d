import { explained } from '../../text/fence.ts';
import { presentable } from '../../text/redact.ts';

const LONGEST_QUESTION = 2_000;
/** Longest answer that is shown, in characters. */
const LONGEST_ANSWER = 4_000;

/**
 * Has a model put facts into words, line by line as they come. What it says can open nothing and load nothing.
 * @param facts redacted and bounded already
 * @throws what the model throws
 */
export async function inWords(
  question: string,
  facts: string,
  ask: (prompt: string) => AsyncIterable<string>,
  tell: (markdown: string) => void,
): Promise<void> {
  const prompt = [
    'An on-call engineer asks about an incident in a Kubernetes cluster. Answer in at most eight short sentences, from the facts only; say so when they do not answer the question. Propose no command that is not among them.',
    explained(facts, 'This was read from the cluster.'),
    `Question: ${presentable(question, LONGEST_QUESTION) || 'What is wrong, and why?'}`,
  ].join('\n\n');
  let waiting = '';
  let told = 0;
  const flush = (text: string) => {
    if (text !== '') tell(wordsOnly(text));
  };
  for await (const piece of ask(prompt)) {
    told += piece.length;
    waiting += piece;
    // Whole lines: what is half a link now may be a whole one a moment later.
    const end = waiting.lastIndexOf('\n') + 1;
    flush(waiting.slice(0, end));
    waiting = waiting.slice(end);
    if (told > LONGEST_ANSWER) {
      flush(`${waiting}\n\n…`);
      return;
    }
  }
  flush(waiting);
}

/** Lists and emphasis stay; links, pictures, HTML and addresses become plain text. */
function wordsOnly(text: string): string {
  return presentable(text, LONGEST_ANSWER * 2)
    .replace(/[<>[\]!&]/g, '\\$&')
    .replace(/\b([a-z][a-z0-9+.-]{1,15}):\/\//gi, '$1:\u200b//');
}
