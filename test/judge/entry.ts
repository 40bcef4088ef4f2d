import type { Api } from './api.ts';
import type { App } from './app-model.ts';
import { entryOf } from './app-model.ts';
import { untilAsked } from './wait.ts';

/** A single failure can be a pod that is just going; this many in a row is an outage. */
const FAILURES_IN_A_ROW = 3;

interface NodeAnswer {
  name: string;
  visited: NodeAnswer[];
}

/** The user's request as the product is given it: the API server's service proxy, in the product's own notation. */
export function entryUrl(app: App): string {
  const { name, port } = entryOf(app).service;
  return `svc://${app.namespace}/${name}:${port}${app.path}`;
}

/**
 * Asks the entry as a user would. Returns "" when it answers 200 and every member of the application took part in the
 * answer, else the reason why not.
 */
export async function askEntry(api: Api, app: App): Promise<string> {
  const { name, port } = entryOf(app).service;
  const path = `/api/v1/namespaces/${app.namespace}/services/${name}:${port}/proxy${app.path}`;
  const { status, body } = await api.send('GET', path).catch((error: Error) => ({ status: 0, body: error.message }));
  if (status !== 200) return `answered ${status}: ${body.trim().slice(0, 300)}`;
  const seen = new Set<string>();
  const visit = (answer: NodeAnswer): void => {
    seen.add(answer.name);
    answer.visited.forEach(visit);
  };
  visit(JSON.parse(body) as NodeAnswer);
  const absent = app.members.map(({ workload }) => workload).filter((workload) => !seen.has(workload));
  return absent.length === 0 ? '' : `answered without ${absent.join(', ')}`;
}

export async function untilEntryAnswers(api: Api, app: App, timeoutMs: number): Promise<void> {
  await untilAsked(timeoutMs, 'the entry answers', () => askEntry(api, app));
}

export async function untilEntryFails(api: Api, app: App, timeoutMs: number): Promise<void> {
  let failures = 0;
  await untilAsked(timeoutMs, 'the entry fails', async () => {
    failures = (await askEntry(api, app)) === '' ? 0 : failures + 1;
    return failures >= FAILURES_IN_A_ROW ? '' : 'it still answers';
  });
}
