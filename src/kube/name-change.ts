import type { KubeObject } from '../domain/kube-object.ts';
import { refLabel } from '../domain/kube-object.ts';
import type { WrittenObject } from '../domain/transaction.ts';

/**
 * For so long, in ms, DNS may answer as before, also that there is no such name: CoreDNS keeps answers for up to 30 s
 * (kubernetes.io, "Customizing DNS Service": `cache 30`).
 */
const CACHED_MS = 30_000;

/** How long what was written may take until it reaches everybody, and why. */
export interface Reach {
  ms: number;
  /** What is waited for, for people: `names to be resolved anew: Service shop/cart`. */
  text: string;
}

/** Writes that change what a name leads to, which others find out only when their former answer is forgotten; null without any. */
export function nameReach(written: readonly WrittenObject[]): Reach | null {
  const changed = written.filter(
    ({ before, after }) => (before ?? after)?.kind === 'Service' && differs(before, after),
  );
  if (changed.length === 0) return null;
  const names = changed.map(({ ref }) => refLabel(ref)).join(', ');
  return { ms: CACHED_MS, text: `names to be resolved anew: ${names}` };
}

function differs(before: KubeObject | null, after: KubeObject | null): boolean {
  return answerOf(before) !== answerOf(after);
}

/** What DNS says of a Service, as far as its own fields tell. */
function answerOf(service: KubeObject | null): string {
  if (!service) return '';
  const { type, externalName, clusterIP, publishNotReadyAddresses } = service.spec ?? {};
  return JSON.stringify([type === 'ExternalName' ? externalName : (clusterIP ?? 'some'), publishNotReadyAddresses]);
}
