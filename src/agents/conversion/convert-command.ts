import { effectOf } from '../../kubectl/effect.ts';
import type { ParsedCommand } from '../../kubectl/parse.ts';
import { flagIsOn, parseKubectl } from '../../kubectl/parse.ts';
import type { Conversion, ConversionReads, ConversionScope } from './conversion.ts';
import { UNCHANGED } from './conversion.ts';
import { convertDelete } from './convert-delete.ts';
import { convertDrain } from './convert-drain.ts';

/**
 * A command that takes something away, as commands that reach the same goal and can be taken back. Judges nothing else:
 * the result still has to pass the confinement and the gateway like any other command.
 * @param argv without the word kubectl
 */
export async function convertCommand(
  argv: readonly string[],
  reads: ConversionReads,
  scope: ConversionScope,
): Promise<Conversion> {
  const parsed = parseKubectl(argv);
  if (!parsed.ok) return UNCHANGED;
  const effect = effectOf(parsed);
  if (!effect?.writes) return UNCHANGED;
  switch (effect.command) {
    case 'delete':
      return convertDelete(parsed, effect, reads, scope);
    case 'drain':
      return convertDrain(parsed, effect, reads, scope);
    case 'replace':
      return flagIsOn(parsed, 'force') ? replaceInPlace(argv, parsed) : UNCHANGED;
    default:
      return UNCHANGED;
  }
}

/** Flags that kubectl takes only together with --force. */
const FORCED_ONLY = ['force', 'grace-period', 'cascade', 'timeout', 'wait'];

function replaceInPlace(argv: readonly string[], parsed: ParsedCommand): Conversion {
  const gone = new Set(
    parsed.flags
      .filter(({ name }) => FORCED_ONLY.includes(name))
      .flatMap(({ index, valueIndex }) => [index, valueIndex]),
  );
  return {
    outcome: 'converted',
    commands: [argv.filter((_word, index) => !gone.has(index))],
    reason: 'replace --force deletes the object and makes another; without it the object is changed in place',
  };
}
