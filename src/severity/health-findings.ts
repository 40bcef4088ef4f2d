import type { ObjectRef } from '../domain/kube-object.ts';
import type { SeverityItem } from '../domain/severity.ts';
import { oneLine } from '../text/plain-text.ts';

/** What is not healthy yet. */
export interface Moving extends SeverityItem {
  /** When it will be known, milliseconds since the epoch; absent where its own settings bound it. */
  until?: number;
}

/** What an evaluation of a snapshot says. */
export interface Health {
  /** What is wrong and stays wrong by waiting. */
  items: SeverityItem[];
  /**
   * What is not (yet) healthy but within the time its own probes and rollout settings allow. Not an answer while
   * one can wait; whoever cannot wait any longer counts these as items.
   */
  progressing: Moving[];
}

export function healthItem(object: ObjectRef, what: string, grade: number, message: string): SeverityItem {
  return { source: 'object', object, what, grade: Math.round(grade * 1000) / 1000, message: oneLine(message) };
}

export function healthOf(...parts: Health[]): Health {
  return { items: parts.flatMap((part) => part.items), progressing: parts.flatMap((part) => part.progressing) };
}
