import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import type { Target } from '../domain/target.ts';
import { servicePorts } from '../kube/service-backends.ts';
import { parseCheck } from '../severity/check-spec.ts';
import type { Sessions } from './sessions.ts';

/** A port of a Service that a request check could ask. */
export interface CheckableService {
  name: string;
  /** Number, as checks write it. */
  port: number;
  portName: string;
}

/**
 * What engineers look at before they decide, read only: values of Secrets are blank. Everything may hold untrusted text
 * without control characters.
 */
export interface Looks {
  /** Null when it does not exist any more. */
  object(target: Target, ref: ObjectRef): Promise<KubeObject | null>;
  /** As kubectl describes it. */
  describe(target: Target, ref: ObjectRef, signal: AbortSignal): Promise<string>;
  events(target: Target, ref: ObjectRef, signal: AbortSignal): Promise<string>;
  /** Last lines of its containers, or of its pods' containers. @param previous before the last restart */
  logs(target: Target, ref: ObjectRef, previous: boolean): Promise<string>;
  /** Tells each line until the signal fires or the containers have ended. */
  followLogs(target: Target, ref: ObjectRef, signal: AbortSignal, tell: (line: string) => void): Promise<void>;
  /** What a request check of this namespace could ask. */
  services(target: Target): Promise<CheckableService[]>;
  /** Why a text is no request check; empty when it is one. */
  checkProblem(text: string): string;
}

export class GatewayLooks implements Looks {
  readonly #sessions: Sessions;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  async object(target: Target, ref: ObjectRef): Promise<KubeObject | null> {
    return (await this.#sessions.of(target)).reader.get(ref);
  }

  async describe(target: Target, ref: ObjectRef, signal: AbortSignal): Promise<string> {
    return (await this.#sessions.of(target)).looks.describe(ref, signal);
  }

  async events(target: Target, ref: ObjectRef, signal: AbortSignal): Promise<string> {
    return (await this.#sessions.of(target)).looks.events(ref, signal);
  }

  async logs(target: Target, ref: ObjectRef, previous: boolean): Promise<string> {
    return (await this.#sessions.of(target)).looks.logs.read(ref, previous);
  }

  async followLogs(target: Target, ref: ObjectRef, signal: AbortSignal, tell: (line: string) => void): Promise<void> {
    return (await this.#sessions.of(target)).looks.logs.follow(ref, signal, tell);
  }

  async services(target: Target): Promise<CheckableService[]> {
    const { reader } = await this.#sessions.of(target);
    const services = await reader.list({ apiVersion: 'v1', kind: 'Service' }, target.namespace);
    return services.flatMap((service) =>
      servicePorts(service).map(({ number, name }) => ({ name: service.metadata.name, port: number, portName: name })),
    );
  }

  checkProblem(text: string): string {
    try {
      parseCheck(text);
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
