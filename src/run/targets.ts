import type { Target } from '../domain/target.ts';
import type { ContextChoice, Targets } from './app.ts';
import type { Sessions } from './sessions.ts';

export class KubeconfigTargets implements Targets {
  readonly #sessions: Sessions;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  async contexts(): Promise<ContextChoice[]> {
    return (await this.#sessions.kubeconfig()).contexts();
  }

  async namespaces(context: string, signal: AbortSignal): Promise<string[]> {
    const target = await (await this.#sessions.kubeconfig()).target(context);
    return (await this.#sessions.of(target)).namespaces(signal);
  }

  async pin(context?: string, namespace?: string): Promise<Target> {
    const target = await (await this.#sessions.kubeconfig()).target(context, namespace);
    await (await this.#sessions.of(target)).checkReachable();
    return target;
  }
}
