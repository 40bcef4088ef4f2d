import { spelledName } from '../text/plain-text.ts';

/**
 * The cluster an incident is pinned to (invariant I10). The fingerprint binds context, server and user, so that
 * a kubeconfig edited while a dialog was open is noticed before a write.
 */
export interface Target {
  context: string;
  server: string;
  /** Hash over server address, CA and user entry; never contains a credential. */
  fingerprint: string;
  namespace: string;
}

/** `hotel-reservation @ staging`: where, as it is shown to people. A kubeconfig may name its contexts by anything. */
export function placeOf({ namespace, context }: Pick<Target, 'namespace' | 'context'>): string {
  return spelledName(`${namespace} @ ${context}`);
}
