import type { Answer, MissingNames } from '../../domain/telemetry.ts';
import { ANYTHING } from '../../domain/telemetry.ts';

const MOST = 300;

/** An `ok` with what is to be said of it, where there is something. */
export function told<T>(
  value: T,
  asOf: number,
  cuts: readonly (string | undefined)[],
  notes: readonly (string | undefined)[] = [],
  { missing = [], mute = [], doubtful }: MissingNames = {},
): Answer<T> {
  const cut = sentence(cuts);
  const note = sentence(notes);
  const names = {
    ...(missing.length > 0 ? { missing: [...new Set(missing)] } : {}),
    ...(mute.length > 0 ? { mute: [...new Set(mute)] } : {}),
    ...(doubtful && doubtful.alerts.length > 0 ? { doubtful } : {}),
  };
  const remarks = { ...(cut ? { cut } : {}), ...(note ? { note } : {}) };
  return { state: 'ok', value, asOf, ...remarks, ...(Object.keys(names).length > 0 ? { names } : {}) };
}

/** Of several answers together. What is cut without a name may be anything. */
export function joinedNames(answers: readonly { cut?: string; names?: MissingNames }[]): MissingNames {
  const doubts = answers.flatMap(({ names }) => names?.doubtful ?? []);
  const reason = sentence(doubts.map((doubt) => doubt.reason));
  return {
    missing: answers.flatMap(({ cut, names }) => names?.missing ?? (cut === undefined ? [] : [ANYTHING])),
    mute: answers.flatMap(({ names }) => names?.mute ?? []),
    ...(doubts.length > 0 ? { doubtful: { alerts: doubts.flatMap(({ alerts }) => alerts), reason } } : {}),
  };
}

function sentence(parts: readonly (string | undefined)[]): string {
  const text = [...new Set(parts.filter((part) => part))].join('; ');
  return text.length <= MOST ? text : `${text.slice(0, MOST - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
