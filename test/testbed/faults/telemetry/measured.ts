import { setTimeout as sleep } from 'node:timers/promises';
import type { Instance } from '../../instance-record.ts';
import { measure } from '../../telemetry/ask-prometheus.ts';
import { TestbedError } from '../../testbed-error.ts';
import type { Fault, FaultContext } from '../fault.ts';

/** Some faults show by growing, over minutes. */
const MEASURED_TIMEOUT_MS = 300_000;
const ASK_EVERY_MS = 1000;

/** What a fault that only telemetry shows says of itself; how it becomes visible follows from `shows`. */
export type MeasuredFault = Omit<Fault, 'needs' | 'untilVisible' | 'shows'> & {
  needs: 'metrics' | 'all';
  shows: NonNullable<Fault['shows']>;
};

export function measured(fault: MeasuredFault): Fault {
  return {
    ...fault,
    async untilVisible(context) {
      const deadline = performance.now() + MEASURED_TIMEOUT_MS;
      while (!(await hasAnswer(context.kubectl.instance, fault.shows(context)))) {
        if (performance.now() > deadline) {
          throw new TestbedError(`metrics do not show ${fault.name} within ${MEASURED_TIMEOUT_MS / 1000} s`);
        }
        await sleep(ASK_EVERY_MS);
      }
    },
  };
}

/** Whether a PromQL query gives at least one series now. */
export async function hasAnswer({ name, telemetry }: Instance, query: string): Promise<boolean> {
  if (!telemetry) throw new TestbedError(`instance ${name} has no telemetry`);
  return (await measure(telemetry.prometheus, query)).length > 0;
}

/** A strategic patch of the one container of a workload, as `kubectl set` would make it. */
export async function patchContainer(
  { kubectl, namespace, target }: FaultContext,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  const patch = { spec: { template: { spec: { containers: [{ name: target, ...change }] } } } };
  const args = ['patch', 'deployment', target, '--namespace', namespace, '--patch', JSON.stringify(patch)];
  await kubectl.run(args);
}
