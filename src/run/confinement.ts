import type { Plan } from '../domain/plan.ts';
import type { Target } from '../domain/target.ts';
import type { ConfineOptions } from '../kubectl/confine.ts';
import { confine, readsOnly } from '../kubectl/confine.ts';
import { allGrammars, grammarFor } from '../kubectl/grammar/grammar.ts';
import { parseKubectl } from '../kubectl/parse.ts';

/**
 * Null when an agent may run the command, else why not and what to write instead. Files are those of its own plan.
 * @param version of the kubectl that will run it: what that release does not know is refused
 */
export function agentRefusal(argv: string[], files: Plan['files'], target: Target, version: string): string | null {
  const { context, namespace } = target;
  return refusal(argv, { context, namespace, files: files.map(({ name }) => `{{${name}}}`) }, version);
}

/**
 * Null when the engineer's own command may run as a transaction. The same grammar as for agents, but local manifests
 * may be read and any namespace named: the person at the keyboard chose them. The gateway judges what is in them.
 */
export function commandRefusal(argv: string[], target: Target, version: string): string | null {
  const parsed = parseKubectl(argv);
  const files =
    'flags' in parsed
      ? parsed.flags.filter(({ name }) => name === 'filename').flatMap(({ value }) => value.split(','))
      : [];
  return refusal(argv, { context: target.context, files }, version);
}

/** True for an engineer's command that writes nothing, whichever release runs it. */
export function onlyReads(argv: string[], target: Target, version: string): boolean {
  const exact = grammarFor(version);
  return (exact ? [exact] : allGrammars()).every((grammar) => readsOnly(argv, { context: target.context, grammar }));
}

/** A release without a stored grammar may run only what every stored release reads and allows. */
function refusal(argv: string[], options: ConfineOptions, version: string): string | null {
  const exact = grammarFor(version);
  for (const grammar of exact ? [exact] : allGrammars()) {
    const verdict = confine(['kubectl', ...argv], { ...options, grammar });
    if (verdict.ok) continue;
    const message = exact
      ? verdict.message
      : `${verdict.message} (kubectl ${version} is not known; judged as ${grammar.version})`;
    return verdict.rewrite ? `${message} (allowed: ${verdict.rewrite})` : message;
  }
  return null;
}
