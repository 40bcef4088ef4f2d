import type { Plan } from '../domain/plan.ts';
import type { Target } from '../domain/target.ts';
import type { ConfineOptions } from '../kubectl/confine.ts';
import { confine } from '../kubectl/confine.ts';
import { parseKubectl } from '../kubectl/parse.ts';

/** Null when an agent may run the command, else why not and what to write instead. Files are those of its own plan. */
export function agentRefusal(argv: string[], files: Plan['files'], target: Target): string | null {
  const { context, namespace } = target;
  return refusal(argv, { context, namespace, files: files.map(({ name }) => `{{${name}}}`) });
}

/**
 * Null when the engineer's own command may run as a transaction. The same grammar as for agents, but local manifests
 * may be read and any namespace named: the person at the keyboard chose them. The gateway judges what is in them.
 */
export function commandRefusal(argv: string[], target: Target): string | null {
  const parsed = parseKubectl(argv);
  const files =
    'flags' in parsed
      ? parsed.flags.filter(({ name }) => name === 'filename').flatMap(({ value }) => value.split(','))
      : [];
  return refusal(argv, { context: target.context, files });
}

function refusal(argv: string[], options: ConfineOptions): string | null {
  const verdict = confine(['kubectl', ...argv], options);
  if (verdict.ok) return null;
  return verdict.rewrite ? `${verdict.message} (allowed: ${verdict.rewrite})` : verdict.message;
}
