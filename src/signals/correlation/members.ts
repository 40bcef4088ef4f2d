import { refKey } from '../../domain/kube-object.ts';
import type { SeverityItem } from '../../domain/severity.ts';
import { itemId } from '../../domain/severity.ts';
import type { IncidentMember, Signal } from '../../domain/signals.ts';
import type { ScopedAlert } from '../alerts/alert-items.ts';
import { alertText } from '../alerts/alert-items.ts';
import { oneLine } from '../../text/plain-text.ts';
import { namedBy } from '../incident-types/request-signals.ts';

/** An alert as a part of an incident; the same one as that which its item of severity makes. */
export function memberOfAlert({ alert, key, objects }: ScopedAlert): IncidentMember {
  const { labels, startsAt: since } = alert;
  const message = alertText(alert);
  const id = itemId({ source: 'alert', object: null, what: oneLine(alert.name, 120), grade: 1, message, key });
  return { source: 'alert', id, objects, labels, since, message };
}

/** A signal as a part of an incident: of one object and kind the same, however its numbers change. */
export function memberOfSignal({ kind, object, others, labels, since, message }: Signal): IncidentMember {
  const about = object ? refKey(object) : namedBy(null, labels);
  const objects = object ? [object, ...others] : others;
  return { source: 'signal', id: `signal|${kind}|${about}`, objects, labels, since, message };
}

/** Whether severity tells of the same already, as of a signal of its own. */
export function isToldBy({ kind, object }: Signal, items: readonly SeverityItem[]): boolean {
  return items.some(
    (item) =>
      item.source === 'signal' &&
      item.what === kind &&
      item.object !== null &&
      object !== null &&
      refKey(item.object) === refKey(object),
  );
}

/**
 * An unhealthy object, a failed check, or an alert that was read as an item, as a part of an incident.
 * @param now stands for when it began where that is not known, milliseconds since the epoch
 */
export function memberOfItem(item: SeverityItem, now: number): IncidentMember {
  const objects = [...(item.object ? [item.object] : []), ...(item.subjects ?? []), ...(item.asks ? [item.asks] : [])];
  return {
    source: item.source,
    id: itemId(item),
    objects,
    labels: {},
    since: item.since ?? now,
    message: item.message,
  };
}
