import type { Target } from '../domain/target.ts';
import type { Sessions } from './sessions.ts';

/** A context of the user's kubeconfig, for pickers. */
export interface ContextChoice {
  name: string;
  server: string;
  namespace: string;
  /** The kubeconfig's current-context; only a default for pickers, never followed later (I10). */
  current: boolean;
}

/** Clusters of the user's kubeconfig. */
export interface Targets {
  contexts(): Promise<ContextChoice[]>;
  /** Names for a picker. @throws Error saying why they cannot be listed */
  namespaces(context: string, signal: AbortSignal): Promise<string[]>;
  /** Pins a target: `context` and `namespace` default to the kubeconfig's. Checks that the server answers. */
  pin(context?: string, namespace?: string): Promise<Target>;
}

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
