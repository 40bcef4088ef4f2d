import { s } from './dom.ts';
import type { MarkView } from './protocol/chart-view.ts';

/** Half the size of a mark, in pixels. */
const REACH = 4;

/** What each kind of mark looks like around a point: told apart by shape, for colour alone tells nobody enough. */
const SHAPES: Record<MarkView['kind'], (x: number, y: number) => string> = {
  alert: (x, y) => `M${x} ${y - REACH}L${x + REACH} ${y + REACH}H${x - REACH}Z`,
  change: (x, y) => `M${x - REACH} ${y - REACH}h${2 * REACH}v${2 * REACH}h-${2 * REACH}Z`,
  fix: (x, y) => `M${x} ${y - REACH - 1}L${x + REACH + 1} ${y}L${x} ${y + REACH + 1}L${x - REACH - 1} ${y}Z`,
};

/** The mark in a drawing. */
export function markShape(kind: MarkView['kind'], x: number, y: number): SVGPathElement {
  return s('path', { class: `mark ${kind}`, d: SHAPES[kind](x, y) });
}

/** The same beside its words. */
export function markSign(kind: MarkView['kind']): SVGSVGElement {
  return s(
    'svg',
    { class: 'sign', width: 12, height: 12, viewBox: '0 0 12 12', 'aria-hidden': 'true' },
    markShape(kind, 6, 6),
  );
}

export const MARK_WORDS: Record<MarkView['kind'], string> = { alert: 'alert', change: 'change', fix: 'fix' };
