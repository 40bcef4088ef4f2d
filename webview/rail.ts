import { s } from './dom.ts';
import type { Label } from './label-room.ts';
import { labelsThatFit } from './label-room.ts';
import type { RunSnapshot, Stage } from './protocol/run-snapshot.ts';

type RailData = Pick<RunSnapshot, 'stages' | 'wayBack'>;

const TOP = 32;
const BOTTOM = 68;
const HEIGHT = 92;
const RADIUS = 8;
/** Where there is not room for all names, those of these are written first. */
const RANKS: Record<Stage['state'], number> = { now: 3, failed: 2, done: 1, todo: 0 };

/** Draws the state machine at the width it has: the way forward, and below it the way back to another plan. */
export function drawRail({ stages, wayBack }: RailData, width: number): SVGSVGElement {
  const step = width / stages.length;
  const x = (index: number) => Math.round(step * (index + 0.5));
  const usedBack = wayBack.some(({ state }) => state !== 'todo');
  const judge = stages.findIndex(({ id }) => id === 'judge');
  const plan = stages.findIndex(({ id }) => id === 'plan');
  // The way back starts where the attempt failed.
  const failed = stages.findIndex(({ state }) => state === 'failed');
  const from = x(failed >= 0 ? Math.max(failed, plan + 1) : judge);
  const to = x(plan);
  const backX = (index: number) => Math.round(from - ((from - to) * (index + 1)) / (wayBack.length + 1));

  const links = stages.slice(1).map((stage, index) => {
    const reached = stage.state !== 'todo' && stages[index]!.state !== 'todo';
    return s('path', {
      class: `link${reached ? ' reached' : ''}`,
      d: `M${x(index) + RADIUS} ${TOP}H${x(index + 1) - RADIUS}`,
    });
  });
  const curve = 10;
  const loop = s('path', {
    class: `link loop${usedBack ? ' reached' : ''}`,
    d:
      `M${from} ${TOP + RADIUS + 2}V${BOTTOM - curve}Q${from} ${BOTTOM} ${from - curve} ${BOTTOM}` +
      `H${to + curve}Q${to} ${BOTTOM} ${to} ${BOTTOM - curve}V${TOP + RADIUS + 5}`,
  });
  const arrow = s('path', {
    class: `arrow${usedBack ? ' reached' : ''}`,
    d: `M${to - 4} ${TOP + RADIUS + 7}L${to} ${TOP + RADIUS + 2}L${to + 4} ${TOP + RADIUS + 7}`,
  });
  const forwardNames = written(
    stages.map((stage, index) => ({ stage, x: x(index) })),
    11,
  );
  const backNames = written(
    wayBack.map((stage, index) => ({ stage, x: backX(index) })),
    10,
  );
  return s(
    'svg',
    {
      class: 'rail',
      width,
      height: HEIGHT,
      viewBox: `0 0 ${width} ${HEIGHT}`,
      role: 'img',
      'aria-label': describe(stages, wayBack),
    },
    ...links,
    loop,
    arrow,
    ...stages.map((stage, index) => node(stage, x(index), TOP, forwardNames[index]!, 'up')),
    ...wayBack.map((stage, index) => node(stage, backX(index), BOTTOM, backNames[index]!, 'back')),
  );
}

function written(nodes: { stage: Stage; x: number }[], fontSize: number): boolean[] {
  const labels = nodes.map(({ stage, x }): Label => {
    return { text: stage.label, x, anchor: 'middle', rank: RANKS[stage.state] };
  });
  const fit = labelsThatFit(labels, fontSize);
  if (fit.every(Boolean)) return fit;
  // A few names among steps without one would look like the only ones that count: where the run stands is named.
  const stands = nodes.map(({ stage: { state } }) => state === 'now' || state === 'failed');
  return labelsThatFit(
    labels.map((label, index) => (stands[index] ? label : { ...label, text: '', rank: -1 })),
    fontSize,
  ).map((fits, index) => fits && stands[index]!);
}

function node(stage: Stage, x: number, y: number, named: boolean, kind: 'up' | 'back'): SVGGElement {
  const { label, state } = stage;
  const mark =
    state === 'done'
      ? s('path', { class: 'mark', d: `M${x - 3.5} ${y + 0.3}l2.5 2.6 4.6-5.4` })
      : state === 'failed'
        ? s('path', { class: 'mark', d: `M${x - 2.8} ${y - 2.8}l5.6 5.6m0-5.600l-5.600 5.600` })
        : state === 'now' && s('circle', { class: 'core', cx: x, cy: y, r: 3 });
  return s(
    'g',
    { class: `stage ${kind} ${state}` },
    state === 'now' && s('circle', { class: 'halo', cx: x, cy: y, r: RADIUS + 4 }),
    s('circle', { class: 'dot', cx: x, cy: y, r: kind === 'up' ? RADIUS : RADIUS - 2 }),
    mark,
    named && s('text', { x, y: kind === 'up' ? y - RADIUS - 9 : y + RADIUS + 12, 'text-anchor': 'middle' }, label),
  );
}

function describe(stages: Stage[], wayBack: Stage[]): string {
  const all = [...stages, ...wayBack];
  const list = (state: Stage['state']) => all.filter((stage) => stage.state === state).map(({ label }) => label);
  const parts = [
    ['Now', list('now')],
    ['Done', list('done')],
    ['Failed', list('failed')],
    ['To come', stages.filter(({ state }) => state === 'todo').map(({ label }) => label)],
  ] as const;
  const text = parts.filter(([, labels]) => labels.length > 0).map(([word, labels]) => `${word}: ${labels.join(', ')}`);
  return `Phases. ${text.join('. ')}`;
}
