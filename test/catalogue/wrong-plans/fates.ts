import type { ProductEvent } from '../../judge/product.ts';

/** What a plan of the engineer's came to. */
export type Fate = 'refused' | 'undone' | 'kept' | 'not tried';

export interface TriedPlan {
  fate: Fate;
  reason: string;
}

/** Notes what a run made of the engineer's plans, which come first and in their order. */
export function noteFates(events: readonly ProductEvent[], plans: readonly TriedPlan[]): void {
  let current: TriedPlan | undefined;
  let next = 0;
  const note = (fate: Fate, reason: unknown) => {
    if (current) Object.assign(current, { fate, reason: String(reason ?? '').slice(0, 200) });
    current = undefined;
  };
  for (const event of events) {
    if (event.type === 'planned') {
      const title = (event.plan as { title?: string } | null)?.title ?? '';
      current = title.startsWith('Your plan') ? plans[next++] : undefined;
    } else if (event.type === 'rehearsed') {
      const bad = (event.steps as { ok: boolean; partial: boolean; problem: string }[]).find(
        ({ ok, partial }) => !ok && !partial,
      );
      if (bad) note('refused', bad.problem);
    } else if (event.type === 'judged' && current) {
      current.reason = String((event.verdict as { reason?: string }).reason ?? '').slice(0, 200);
    } else if (event.type === 'commitRecorded') note('kept', current?.reason);
    else if (event.type === 'undone') note('undone', current?.reason);
  }
}
