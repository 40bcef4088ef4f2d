import type { KubeObject } from '../../domain/kube-object.ts';
import { oneLine } from '../../text/plain-text.ts';
import { quantity } from '../../text/quantity.ts';
import type { Answer } from '../wire/kube-api.ts';

/**
 * Whether the server would take a pod now: null when it would, else why not; undefined when that could not be found out.
 * @param makesRoom pods of the same kind go before it comes, so that a quota that is just full is no reason
 * @param dryRun sends a creation that stores nothing
 */
export async function admissionOf(
  pod: KubeObject,
  makesRoom: boolean,
  dryRun: (path: string, body: unknown) => Promise<Answer>,
): Promise<string | null | undefined> {
  // The server makes the name from `generateName`.
  const metadata: Partial<KubeObject['metadata']> = { ...pod.metadata };
  delete metadata.name;
  const path = `/api/v1/namespaces/${encodeURIComponent(metadata.namespace ?? '')}/pods`;
  const { status, message } = await dryRun(path, { ...pod, metadata });
  return status < 300 ? null : refusalOf(status, message, makesRoom);
}

/** The fence holds back what asks, not the controller that makes the pod. */
const OWN_POLICY = /ValidatingAdmissionPolicy 'stratus-/;

/** Why no pod like that is taken; undefined where the answer is about who asks, or about the question. */
function refusalOf(status: number, message: string, makesRoom: boolean): string | null | undefined {
  // Policies answer 422 and webhooks 400 where they name no code of their own.
  if (status !== 403 && !/denied (the )?request/.test(message)) return undefined;
  if (/cannot create resource "pods"/.test(message) || OWN_POLICY.test(message)) return undefined;
  const quota = /exceeded quota: ([^,]+), requested: .*, used: (.*), limited: (.*)$/.exec(message);
  const text = oneLine(message.replace(/^pods "[^"]*" is forbidden: /, ''), 200);
  if (!quota || !makesRoom) return text;
  const [used, limited] = [amounts(quota[2]!), amounts(quota[3]!)];
  // What goes makes room; over its limit already, the quota lets nothing in even then.
  return [...used].some(([name, amount]) => amount > (limited.get(name) ?? Infinity)) ? text : null;
}

/** `pods=2,requests.cpu=500m` */
function amounts(text: string): Map<string, number> {
  return new Map(
    text
      .split(',')
      .map((part) => part.split('=') as [string, string])
      .map(([name, value]) => [name.trim(), quantity(value ?? '')]),
  );
}
