import { counted } from '../../text/plain-text.ts';
import { spelledDuration } from '../values/time.ts';
import type { AlertRule } from './rules.ts';
import { MOST_RULES } from './rules.ts';

/** Intervals after which a rule that was not evaluated again is late. */
const LATE = 3;
/** Names of metrics in an expression, and other words. */
const METRIC = /[a-zA-Z_:][\w:]*/g;

/** Rules that cannot speak: something may be wrong of which no alert tells. */
export interface RuleTroubles {
  /** For people, one phrase each. */
  texts: string[];
  /** Of alerts that may be silent for that, and of records (`record NAME`). */
  names: string[];
  /** Some of it may be over by the next evaluation. */
  passes: boolean;
}

/** @param now when rules were read at the latest, on the clock of the rules. @param heldMs how old what was read may be */
export function troublesOf(rules: readonly AlertRule[], now: number, heldMs: number): RuleTroubles {
  const failing = rules.filter(({ error }) => error !== null);
  const never = rules.filter(({ evaluatedAt, error }) => evaluatedAt === null && error === null);
  const late = rules.filter(
    ({ evaluatedAt, intervalMs, error }) =>
      error === null && evaluatedAt !== null && now - evaluatedAt > heldMs + LATE * intervalMs,
  );
  const oldest = late.reduce((most, { evaluatedAt }) => Math.max(most, now - evaluatedAt!), 0);
  const [first] = failing;
  return {
    texts: [
      first ? `${counted(failing.length, 'rule')} cannot be evaluated, such as ${first.name} (${first.error})` : '',
      never.length > 0 ? `${counted(never.length, 'rule')} not evaluated yet` : '',
      late.length > 0 ? `${counted(late.length, 'rule')} last evaluated ${spelledDuration(oldest)} ago` : '',
      rules.length >= MOST_RULES ? `only ${MOST_RULES} rules are read` : '',
    ].filter((text) => text !== ''),
    names: namesOf([...failing, ...never, ...late], rules),
    passes: never.length + late.length > 0,
  };
}

/** Of alerts that cannot speak, of records that are not made, and of the alerts that are made from those. */
function namesOf(silent: readonly AlertRule[], rules: readonly AlertRule[]): string[] {
  const own = silent.map(({ name, records }) => (records ? `record ${name}` : name));
  const missing = new Set(silent.flatMap(({ name, records }) => (records ? [name] : [])));
  if (missing.size === 0) return own;
  const made = rules.map(({ name, records, query }) => ({ name, records, uses: query.match(METRIC) ?? [] }));
  // Records are made from records.
  for (let before = 0; before < missing.size;) {
    before = missing.size;
    for (const { name, records, uses } of made)
      if (records && uses.some((metric) => missing.has(metric))) missing.add(name);
  }
  const blind = made.filter(({ records, uses }) => !records && uses.some((metric) => missing.has(metric)));
  return [...own, ...blind.map(({ name }) => name)];
}
