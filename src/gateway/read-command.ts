import type { Target } from '../domain/target.ts';
import type { ChildOutput } from './child/child.ts';
import type { Kubectl } from './child/kubectl.ts';
import { Monitor } from './monitor/monitor.ts';
import { Loopback } from './wire/loopback.ts';
import type { Upstream } from './wire/upstream.ts';

const TIMEOUT_MS = 30_000;

/**
 * One kubectl command in read mode: whatever it is, nothing is written and values of Secrets come back blank. Its output
 * names the pinned server, never the address that kubectl talked to.
 */
export async function readCommand(
  argv: string[],
  { upstream, kubectl, target }: { upstream: Upstream; kubectl: Kubectl; target: Target },
  signal: AbortSignal,
): Promise<ChildOutput> {
  const monitor = new Monitor(upstream, 'read');
  const loopback = await Loopback.open(monitor, monitor.refuseStream);
  try {
    const { namespace, context } = target;
    const output = await kubectl.run({ argv, server: loopback.url, namespace, context, timeoutMs: TIMEOUT_MS, signal });
    const named = (text: string) => text.replaceAll(loopback.url, target.server);
    return { ...output, stdout: named(output.stdout), stderr: named(output.stderr) };
  } finally {
    await loopback.close();
    await kubectl.forget(loopback.url);
  }
}
