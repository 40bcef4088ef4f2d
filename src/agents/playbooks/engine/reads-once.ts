import type { EvidenceReads } from '../../../domain/brain.ts';
import { refKey } from '../../../domain/kube-object.ts';

/**
 * The same reads, each sent once: rules that look at one snapshot ask for the same logs and lists. A read that failed is
 * sent again. What comes back is shared and must not be changed.
 */
export function readsOnce(evidence: EvidenceReads): EvidenceReads {
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(key: unknown[], read: () => Promise<T>): Promise<T> => {
    const name = JSON.stringify(key);
    const before = known.get(name) as Promise<T> | undefined;
    if (before) return before;
    const reading = read();
    known.set(name, reading);
    // Whoever asked hears of the failure.
    reading.catch(() => known.delete(name));
    return reading;
  };
  return {
    readLog: (...args) => once(['log', ...args], () => evidence.readLog(...args)),
    get: (ref) => once(['get', ref.apiVersion, refKey(ref)], () => evidence.get(ref)),
    list: (kind, namespace) =>
      once(['list', kind.apiVersion, kind.kind, namespace], () => evidence.list(kind, namespace)),
  };
}
