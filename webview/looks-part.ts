import { button } from './components.ts';
import type { Look } from './protocol/finding-view.ts';

/** `Service/hotel-reservation/geo` without the namespace, which the header names. */
export function shortName(object: string): string {
  const parts = object.split('/');
  return parts.length === 3 ? `${parts[0]} ${parts[2]}` : object;
}

const LOOK_WORDS: Record<Look, string> = {
  logs: 'Logs',
  previous: 'Previous logs',
  follow: 'Follow logs',
  events: 'Events',
  describe: 'Describe',
  yaml: 'YAML',
};

/** A button for each thing that can be opened about an object. @param key tells its buttons from those of others */
export function lookButtons(key: string, object: string, looks: Look[], open: (look: Look) => void): HTMLElement[] {
  return looks.map((look) =>
    button(
      {
        kind: 'quiet',
        focus: `look-${key}-${look}`,
        label: `${LOOK_WORDS[look]} of ${object}`,
        click: () => open(look),
      },
      LOOK_WORDS[look],
    ),
  );
}
