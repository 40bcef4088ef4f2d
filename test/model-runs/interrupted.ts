import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_OPTIONS } from '../../src/domain/run-event.ts';
import type { RunEvent, RunResult } from '../../src/domain/run-event.ts';
import { createApp } from '../../src/run/create-app.ts';
import type { GatewayHarness } from '../cluster/gateway/gateway-harness.ts';
import { eventually } from '../cluster/gateway/gateway-harness.ts';
import type { Script, ScriptedModel } from '../support/scripted-model.ts';
import { scriptedModel } from '../support/scripted-model.ts';
import { hopelessScene, ILL } from './bad-input/scene.ts';
import { carefulModel } from './careful-model.ts';

const PROMPTS = join(import.meta.dirname, '../../prompts');

export interface InterruptedRun {
  result: RunResult;
  events: readonly RunEvent[];
  model: ScriptedModel;
  /** Seconds from what was done to the run to its end. */
  seconds: number;
}

/** Makes a workload that nobody can mend, and waits until that shows. */
export async function brokenForModels(gateway: GatewayHarness): Promise<void> {
  for (const object of hopelessScene(gateway.namespace)) await gateway.apply(object);
  await eventually(`${ILL} does not start`, async () =>
    /ErrImageNeverPull/.test(await gateway.kubectl('get', 'pods', '-l', `app=${ILL}`, '-o', 'json')),
  );
}

/** It begins to speak and then says nothing more for as long as anybody listens. */
export const silentModel = (): Script =>
  carefulModel({
    diagnosis: () => ({ text: 'Let me think about this for a while.', then: { after: 3, does: 'stall' } }),
  });

export const cancelledRun = (gateway: GatewayHarness): Promise<InterruptedRun> =>
  interruptedRun(gateway, silentModel(), (run) => run.cancel());

/** A run with brain `model` inside this process; once a thought has begun to stream, something is done to it. */
export async function interruptedRun(
  { instance, namespace }: GatewayHarness,
  script: Script,
  interrupt: (run: { cancel(): void }, model: ScriptedModel) => void,
): Promise<InterruptedRun> {
  const model = await scriptedModel(script);
  const stateFolder = mkdtempSync(join(tmpdir(), 'stratus-interrupted-'));
  const { kubeconfig, kubectl, context } = instance;
  const app = await createApp({
    stateFolder,
    kubeconfig,
    kubectlPath: kubectl,
    lockNamespace: namespace,
    promptFolder: PROMPTS,
    model: model.endpoint,
  });
  try {
    const run = await app.incidents.mitigate({
      target: await app.targets.pin(context, namespace),
      brain: 'model',
      options: DEFAULT_OPTIONS,
      checks: [],
      askApproval: async ({ hash }) => ({ approve: true, hash, by: { via: 'cli', id: 'flag', at: 0 } }),
    });
    let began = 0;
    run.onEvent((event) => {
      if (began > 0 || event.type !== 'thought' || !event.partial) return;
      began = performance.now();
      interrupt(run, model);
    });
    const result = await run.start();
    const seconds = (performance.now() - began) / 1000;
    return { result, events: run.events(), model, seconds: began > 0 ? seconds : NaN };
  } finally {
    await app.dispose();
    await model.close().catch(() => undefined);
    rmSync(stateFolder, { recursive: true, force: true });
  }
}
