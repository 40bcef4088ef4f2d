import type { KubeObject, ObjectRef } from '../../src/domain/kube-object.ts';
import { refLabel } from '../../src/domain/kube-object.ts';
import type { Looks } from '../../src/run/looks.ts';

/** Looks at a cluster that exists only in memory: each answer names what was asked. */
export class FakeLooks implements Looks {
  /** Lines that a followed log has, and is still to have: call it to write one. */
  write: ((line: string) => void) | null = null;
  /** Whether somebody still follows. */
  following = false;
  readonly #object: (ref: ObjectRef) => KubeObject | null;

  constructor(object: (ref: ObjectRef) => KubeObject | null) {
    this.#object = object;
  }

  async object(_target: unknown, ref: ObjectRef): Promise<KubeObject | null> {
    return this.#object(ref);
  }

  async describe(_target: unknown, ref: ObjectRef): Promise<string> {
    return `Name: ${ref.name}\nDescribed: ${refLabel(ref)}\n`;
  }

  async events(_target: unknown, ref: ObjectRef): Promise<string> {
    return `Warning  BackOff  kubelet: about ${refLabel(ref)}\n`;
  }

  async logs(_target: unknown, ref: ObjectRef, previous: boolean): Promise<string> {
    return `==> ${ref.name} / main\n${previous ? 'what it said before it ended' : 'connection refused'}\n`;
  }

  followLogs(_target: unknown, ref: ObjectRef, signal: AbortSignal, tell: (line: string) => void): Promise<void> {
    tell(`${ref.name} started`);
    this.write = tell;
    this.following = true;
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        this.following = false;
        resolve();
      });
    });
  }

  async services() {
    return [
      { name: 'geo', port: 8083, portName: 'http' },
      { name: 'frontend', port: 5000, portName: '' },
    ];
  }

  checkProblem(text: string): string {
    return /^[\w.-]+=(https?|svc):\/\/\S+$/.test(text) ? '' : `check ${text}: not one`;
  }
}
