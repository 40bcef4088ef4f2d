import { s } from './dom.ts';

/** Line icons on a 16 px grid, in the text's colour. */
const PATHS = {
  check: 'M3.5 8.5l3 3 6-7',
  cross: 'M4.5 4.5l7 7m0-7l-7 7',
  question: 'M5.8 6.2a2.3 2.3 0 1 1 3.4 2c-.8.4-1.2.9-1.2 1.7M8 12.2v.3',
  warning: 'M8 5.2v3.6M8 11.4v.2',
  back: 'M6 4L3 7l3 3M3.3 7H10a3 3 0 0 1 0 6H7.5',
  shield: 'M8 2.2l5 1.8v3.7c0 3-2 5-5 6.1-3-1.1-5-3.1-5-6.1V4z',
  compare: 'M5 3v10M11 3v10M2.5 10.5L5 13l2.500-2.500M8.500 5.500L11 3l2.500 2.500',
  search: 'M7 2.800a4.200 4.200 0 1 1 0 8.400 4.200 4.200 0 0 1 0-8.400M10.200 10.200L13.500 13.500',
  arrow: 'M3 8h9.500M9 4.500L12.500 8 9 11.500',
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName, size = 16): SVGSVGElement {
  return s(
    'svg',
    { class: 'icon', width: size, height: size, viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    s('path', { d: PATHS[name] }),
  );
}
