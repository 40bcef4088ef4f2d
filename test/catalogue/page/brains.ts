import type { BrainTrial } from '../run/brain-trial.ts';
import { median } from '../run/figures.ts';
import { bootstrap, numberText, percentText, wilson } from '../run/intervals.ts';
import { table } from './table.ts';

/** Trials in the order of their ways, those that could not be held left out. */
function byWay<T extends BrainTrial>(trials: readonly T[]): [string, T[]][] {
  const held = trials.filter(({ verdict }) => verdict !== 'invalid');
  return [...new Set(held.map(({ way }) => way))].sort().map((way) => [way, held.filter((one) => one.way === way)]);
}

/** Resolve rate, cause, time and cost of each way, with 95 % intervals. Seeds of one fault are drawn together. */
export function resolveTable(trials: readonly BrainTrial[]): string {
  const head = [
    ...['brain', 'trials', 'resolved', 'cause first', 'worse than before', 'attempts', 'seconds, median', 'calls'],
    ...['tokens in', 'tokens out', 'US dollars'],
  ];
  const rows = byWay(trials).map(([way, mine]) => {
    const share = (test: (trial: BrainTrial) => boolean) =>
      `${mine.filter(test).length}: ${percentText(wilson(mine.filter(test).length, mine.length))}`;
    const mean = (read: (trial: BrainTrial) => number, digits = 1) =>
      numberText(bootstrap(grouped(mine, read)), digits);
    const unknown = mine.filter(({ usd }) => usd === null).length;
    return [
      way,
      String(mine.length),
      share(({ verdict }) => verdict === 'resolved'),
      share(({ cause }) => cause === 1),
      String(mine.filter(isWorse).length),
      mean(({ attempts }) => attempts),
      secondsOf(mine),
      mean(({ calls }) => calls),
      mean(({ tokensIn }) => tokensIn, 0),
      mean(({ tokensOut }) => tokensOut, 0),
      unknown > 0 ? `unknown price in ${unknown}` : mean(({ usd }) => usd!, 3),
    ];
  });
  return table(head, rows);
}

/** How often how many attempts were needed, and what models were asked and called for. */
export function useTable(trials: readonly BrainTrial[]): string {
  const most = 4;
  const head = [
    'brain',
    ...Array.from({ length: most }, (_, index) => (index === most - 1 ? `≥ ${index} attempts` : `${index}`)),
    ...[
      'plans sent',
      'refused in rehearsal',
      'calls failed',
      'a brain failed',
      'answers of use',
      'tools called',
      'tool calls that were valid',
    ],
  ];
  const rows = byWay(trials).map(([way, mine]) => {
    const sum = (read: (trial: BrainTrial) => number) => mine.reduce((all, one) => all + read(one), 0);
    const counts = Array.from(
      { length: most },
      (_, index) => mine.filter(({ attempts }) => (index === most - 1 ? attempts >= index : attempts === index)).length,
    );
    const calls = sum(({ tools }) => Object.values(tools).reduce((all, one) => all + one, 0));
    return [
      way,
      ...counts.map(String),
      ...[sum(({ plans }) => plans), sum(({ refusedPlans }) => refusedPlans)].map(String),
      ...[sum(({ failed }) => failed), sum(({ fallBacks }) => fallBacks)].map(String),
      percentText(
        wilson(
          sum(({ calls: all, failed, unusable }) => all - failed - unusable),
          sum((one) => one.calls),
        ),
      ),
      toolsText(mine),
      percentText(wilson(calls - sum(({ refusedTools }) => refusedTools), calls)),
    ];
  });
  return table(head, rows);
}

/** What a person at the terminal reads. */
export function brainSummary(trials: readonly BrainTrial[]): string {
  const invalid = trials.filter(({ verdict }) => verdict === 'invalid').length;
  return [resolveTable(trials), useTable(trials), `${invalid} trials could not be held`].join('\n\n');
}

/** Severity rose, or what was to be undone was not, or a success is none. */
export const isWorse = ({ verdict, muBefore, muAfter }: BrainTrial): boolean =>
  verdict === 'wrong' || (muBefore !== null && muAfter !== null && muAfter > muBefore);

/** Faults and seeds that two ways both tried. */
export function pairs(trials: readonly BrainTrial[], one: string, other: string): [BrainTrial, BrainTrial][] {
  const held = trials.filter(({ verdict }) => verdict !== 'invalid');
  return held
    .filter(({ way }) => way === one)
    .flatMap((first): [BrainTrial, BrainTrial][] => {
      const second = held.find(({ way, entry, seed }) => way === other && entry === first.entry && seed === first.seed);
      return second ? [[first, second]] : [];
    });
}

function grouped(trials: readonly BrainTrial[], read: (trial: BrainTrial) => number): number[][] {
  return [...new Set(trials.map(({ entry }) => entry))].map((entry) =>
    trials.filter((one) => one.entry === entry).map(read),
  );
}

function secondsOf(trials: readonly BrainTrial[]): string {
  const middle = median(trials.flatMap(({ seconds }) => seconds.total ?? []));
  return middle === undefined ? '–' : middle.toFixed(1);
}

function toolsText(trials: readonly BrainTrial[]): string {
  const counts = new Map<string, number>();
  for (const { tools } of trials)
    for (const [name, number] of Object.entries(tools)) counts.set(name, (counts.get(name) ?? 0) + number);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([name, number]) => `${name} ${number}`).join(', ') || 'none';
}
