import { refLabel } from '../../domain/kube-object.ts';
import type { ShownIncident, ShownMember } from '../../domain/signals-now.ts';
import { shortLocalTime } from '../../text/local-time.ts';
import { oneLine } from '../../text/plain-text.ts';
import type { Paint } from './paint.ts';

const MEMBERS = 4;
const WORDS = 200;

/** Things that belong together, as lines of text: where it begins, then each with why it belongs to it. */
export function incidentLines(
  { root, members, count, since, isStorm }: ShownIncident,
  now: number,
  paint: Paint,
): string[] {
  const what = isStorm ? `a storm of ${count} things` : `${count} things belong together`;
  const left = count - Math.min(members.length, MEMBERS);
  return [
    `${paint('bold', what)}, since ${shortLocalTime(new Date(since).toISOString(), now)}`,
    ...(root ? [`  ${paint('dim', 'begins at')} ${refLabel(root.object)}: ${oneLine(root.reason, WORDS)}`] : []),
    ...members.slice(0, MEMBERS).map((member) => memberLine(member, paint)),
    ...(left > 0 ? [`  ${paint('dim', `and ${left} more`)}`] : []),
  ];
}

function memberLine({ source, message, why }: ShownMember, paint: Paint): string {
  return `  ${paint('yellow', `${source}:`)} ${oneLine(message, WORDS)} ${paint('dim', `(${oneLine(why, WORDS)})`)}`;
}
