import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ActionCall } from '../../../src/domain/action.ts';
import type { AllowedActions } from '../../../src/gateway/action/action-performer.ts';
import { pinnedContainer } from '../../../src/kube/pinned-container.ts';
import { readRunbook } from '../../../src/runbook/read-runbook.ts';
import type { RunbookAction } from '../../../src/runbook/runbook-action.ts';
import { importImage, REDIS_IMAGE, redisImage } from '../../testbed/images.ts';
import type { GatewayHarness } from '../gateway/gateway-harness.ts';
import { eventually } from '../gateway/gateway-harness.ts';

const run = promisify(execFile);

export const POD = 'keeper';
export const OLD = 'the-former-state';
export const NEW = 'the-wanted-state';

/** An action on a file in a container; parts may be other shell scripts, which get the wanted state as `$1`. */
export function stateAction(
  parts: Partial<Record<'snapshot' | 'do' | 'undo' | 'verify', string>> = {},
  more = '',
): RunbookAction {
  const scripts = {
    snapshot: 'busybox cat /tmp/state',
    do: 'echo "$1" >/tmp/state',
    undo: 'busybox cat >/tmp/state',
    verify: '[ "$(busybox cat /tmp/state)" = "$1" ]',
    ...parts,
  };
  const part = (name: keyof typeof scripts) =>
    `${name}:\n  command: [sh, -c, ${JSON.stringify(scripts[name])}, sh, '{{state}}']\n${name === 'undo' ? '  stdin: snapshot\n' : ''}`;
  const text = `stratus: runbook/1\nname: set-state\ntitle: Set the state\nreaches: Nobody.\nundoes: exact\n${more}parameters:\n  state: {about: The state., pattern: '[a-z-]+'}\n${(['snapshot', 'do', 'undo', 'verify'] as const).map(part).join('')}`;
  const { action, problems } = readRunbook(text);
  if (!action) throw new Error(JSON.stringify(problems));
  return action;
}

/** Everything is allowed that is `action`. */
export const only = (action: RunbookAction | null): AllowedActions => ({ find: async () => action });

/** A pod with a file, on a real node. */
export class ActionsLab {
  readonly #gateway: GatewayHarness;

  private constructor(gateway: GatewayHarness) {
    this.#gateway = gateway;
  }

  static async open(gateway: GatewayHarness): Promise<ActionsLab> {
    await importImage(gateway.instance, await redisImage());
    const lab = new ActionsLab(gateway);
    await lab.createPod();
    return lab;
  }

  async createPod(): Promise<void> {
    await this.#gateway.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: POD, namespace: this.#gateway.namespace },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'main',
            image: REDIS_IMAGE,
            command: ['sh', '-c', `echo ${OLD} >/tmp/state; exec busybox sleep 100000`],
          },
        ],
      },
    });
    await eventually('the pod runs', async () => (await this.#pinned()) !== null, 120_000);
    await eventually('the state is there', async () => (await this.state()) === OLD, 60_000);
  }

  async removePod(): Promise<void> {
    await this.#gateway.kubectl('delete', 'pod', POD, '--wait=true', '--timeout=60s');
  }

  async call(state = NEW): Promise<ActionCall> {
    const at = await this.#pinned();
    if (!at) throw new Error('the pod does not run');
    return { name: 'set-state', digest: 'of-this-test', at, inputs: { state } };
  }

  /** Read without any gateway. */
  async state(): Promise<string> {
    return (await this.shell('busybox cat /tmp/state')).trim();
  }

  async shell(script: string): Promise<string> {
    const { instance, namespace } = this.#gateway;
    const base = ['--kubeconfig', instance.kubeconfig, '-n', namespace];
    return (await run(instance.kubectl, [...base, 'exec', POD, '--', 'sh', '-c', script])).stdout;
  }

  async #pinned() {
    const pod = await this.#gateway.get(`/api/v1/namespaces/${this.#gateway.namespace}/pods/${POD}`);
    return pod && pinnedContainer(pod, 'main');
  }
}
