/** A bar of the chart: what became of how many incidents. */
export interface Bar {
  label: string;
  parts: readonly number[];
  /** Set apart from those above by a heading. */
  heading?: string;
}

/** What a part of a bar stands for; told apart by pattern as well as by colour. */
export interface Part {
  name: string;
  light: string;
  dark: string;
  pattern: 'plain' | 'stripes' | 'dots' | 'cross' | 'empty';
}

export const PARTS: readonly Part[] = [
  { name: 'as wanted', light: '#1a7f37', dark: '#3fb950', pattern: 'plain' },
  { name: 'partly mended', light: '#0969da', dark: '#58a6ff', pattern: 'stripes' },
  { name: 'not mended, left as it was', light: '#6e7781', dark: '#8b949e', pattern: 'dots' },
  {
    name: 'harmed: changes left behind, or a success that is none',
    light: '#bc4c00',
    dark: '#f0883e',
    pattern: 'cross',
  },
  { name: 'not mended (published, not told how it was left)', light: '#6e7781', dark: '#8b949e', pattern: 'empty' },
];

const [LEFT, WIDTH, BAR, GAP, TOP] = [190, 520, 20, 10, 62];
const HEADING = 26;
const INK = {
  plain: '',
  stripes: '<path d="M0 8 8 0M-2 2 2-2M6 10l4-4" class="mark"/>',
  dots: '<circle cx="2" cy="2" r="1.2" class="spot"/><circle cx="6" cy="6" r="1.2" class="spot"/>',
  cross: '<path d="M0 0l8 8M8 0 0 8" class="mark"/>',
  empty: '',
};

/** Bars of shares, each with its count, as a picture that stands on light and dark pages. */
export function chart(title: string, bars: readonly Bar[]): string {
  let y = TOP;
  const rows = bars.map(({ label, parts, heading }) => {
    const lines: string[] = [];
    if (heading) {
      y += HEADING;
      lines.push(`<text x="8" y="${y - 8}" class="heading">${escaped(heading)}</text>`);
    }
    const all = parts.reduce((sum, one) => sum + one, 0);
    lines.push(`<text x="${LEFT - 8}" y="${y + BAR - 5}" text-anchor="end">${escaped(label)}</text>`);
    let x = LEFT;
    for (const [index, part] of parts.entries()) {
      if (part === 0) continue;
      const width = Math.round((part / all) * WIDTH * 10) / 10;
      const told = `${label}: ${part} of ${all} ${PARTS[index]!.name}`;
      lines.push(
        `<rect x="${x}" y="${y}" width="${width}" height="${BAR}" class="edge" fill="url(#part-${index})"><title>${escaped(told)}</title></rect>`,
      );
      x = Math.round((x + width) * 10) / 10;
    }
    lines.push(`<text x="${LEFT + WIDTH + 8}" y="${y + BAR - 5}">${parts[0]} of ${all}</text>`);
    y += BAR + GAP;
    return lines.join('\n');
  });
  const used = PARTS.map((_, index) => index).filter((index) => bars.some(({ parts }) => (parts[index] ?? 0) > 0));
  const legend = used.map((index, place) => {
    const at = y + 10 + place * 20;
    return `<rect x="${LEFT}" y="${at}" width="26" height="14" class="edge" fill="url(#part-${index})"/><text x="${LEFT + 34}" y="${at + 12}">${escaped(PARTS[index]!.name)}</text>`;
  });
  const height = y + 20 + used.length * 20;
  const width = LEFT + WIDTH + 80;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="desc">${escaped(bars.map(described).join(' '))}</desc>`,
    `<style>${style()}</style>`,
    `<defs>${PARTS.map(pattern).join('')}</defs>`,
    `<rect width="${width}" height="${height}" class="page"/>`,
    `<text x="8" y="28" class="title">${escaped(title)}</text>`,
    ...rows,
    ...legend,
    '</svg>',
    '',
  ].join('\n');
}

function described({ label, parts, heading }: Bar): string {
  const all = parts.reduce((sum, one) => sum + one, 0);
  const told = parts.flatMap((part, index) => (part > 0 ? [`${part} ${PARTS[index]!.name}`] : []));
  return `${heading ? `${heading}: ` : ''}${label}, of ${all}: ${told.join(', ')}.`;
}

function pattern({ pattern: kind }: Part, index: number): string {
  return `<pattern id="part-${index}" width="8" height="8" patternUnits="userSpaceOnUse"><rect width="8" height="8" class="${kind === 'empty' ? 'page' : `part-${index}`}"/>${INK[kind]}</pattern>`;
}

function style(): string {
  const scheme = (key: 'light' | 'dark', page: string, text: string) =>
    [
      `.page,.spot{fill:${page}}.mark{stroke:${page};stroke-width:1.6;fill:none}text{fill:${text}}.edge{stroke:${text}}`,
      ...PARTS.map((part, index) => `.part-${index}{fill:${part[key]}}`),
    ].join('');
  return [
    'text{font:13px system-ui,sans-serif}.title{font-size:16px;font-weight:600}.heading{font-weight:600}',
    scheme('light', '#ffffff', '#1f2328'),
    `@media (prefers-color-scheme:dark){${scheme('dark', '#0d1117', '#e6edf3')}}`,
  ].join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
