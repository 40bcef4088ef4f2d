import type { CorrelatedIncident } from '../../domain/signals.ts';
import type { ShownIncident } from '../../domain/signals-now.ts';
import { tiesOf } from './ties.ts';
import type { Topology } from './topology.ts';

/** Members that are shown, and objects of each. */
const MEMBERS = 12;
const OBJECTS = 3;

/**
 * Incidents of more than one thing, with why their members belong together; others say all by themselves.
 * @param undated ids of members whose time of beginning was only assumed
 */
export function shownIncidents(
  incidents: readonly CorrelatedIncident[],
  topology: Topology,
  hops: number,
  undated: ReadonlySet<string> = new Set(),
): ShownIncident[] {
  return incidents
    .filter(({ count }) => count > 1)
    .map((incident): ShownIncident => {
      const { title, since, root, members, count, isStorm } = incident;
      const shown = members.slice(0, MEMBERS);
      const ties = tiesOf({ members: shown, root, isStorm }, topology, hops);
      return {
        title,
        since,
        root,
        members: shown.map(({ id, source, objects, since: began, message }, index) => ({
          source,
          objects: objects.slice(0, OBJECTS),
          since: undated.has(id) ? null : began,
          message,
          why: ties[index]!,
        })),
        count,
        isStorm,
      };
    });
}
