/** A directive of a server block: a plugin with its arguments, as it stands in one line. */
export interface Directive {
  plugin: string;
  args: string[];
  /** The line without the space around it. */
  text: string;
  /** Lines of its own block, without braces. */
  inner: string[];
}

export interface ServerBlock {
  /** Zones, lower case, without port and closing dot; the root is `.`. */
  zones: string[];
  directives: Directive[];
}

/**
 * Server blocks of a Corefile; snippets and what cannot be read are left out.
 * Source: coredns.io, "Corefile Explained".
 */
export function serverBlocks(corefile: string): ServerBlock[] {
  const blocks: ServerBlock[] = [];
  let block: ServerBlock | null = null;
  let directive: Directive | null = null;
  let keys: string[] = [];
  for (const raw of corefile.split('\n')) {
    const text = raw.replace(/(?:^|\s)#.*$/, '').trim();
    if (text === '') continue;
    const opens = text.endsWith('{');
    const words = (opens ? text.slice(0, -1) : text).trim().split(/\s+/).filter(Boolean);
    if (text === '}') {
      if (directive) directive = null;
      else block = null;
    } else if (!block) {
      keys.push(...words.map((word) => word.replace(/,$/, '')));
      if (!opens) continue;
      const isSnippet = keys.some((key) => key.startsWith('('));
      block = { zones: keys.map(zoneOf), directives: [] };
      if (!isSnippet) blocks.push(block);
      keys = [];
    } else if (directive) directive.inner.push(text);
    else {
      const [plugin = '', ...args] = words;
      const found: Directive = { plugin, args, text: words.join(' '), inner: [] };
      block.directives.push(found);
      if (opens) directive = found;
    }
  }
  return blocks;
}

/** `dns://example.org:1053` → `example.org`; `.:53` → `.` */
function zoneOf(key: string): string {
  const zone = normalZone(key.replace(/^[a-z]+:\/\//, '').replace(/:\d+$/, ''));
  return zone === '' ? '.' : zone;
}

export function normalZone(zone: string): string {
  return zone.toLowerCase().replace(/\.$/, '');
}

/** Whether names of `domain` belong to a zone. */
export function covers(zone: string, domain: string): boolean {
  return zone === '.' || zone === domain || domain.endsWith(`.${zone}`);
}
