import type { PageState, Params, RequestName, Result, ToHost, ToPage } from './protocol/requests.ts';

declare function acquireVsCodeApi(): {
  postMessage(message: ToHost): void;
  setState(state: PageState): void;
};

/** The only door to the editor. */
export class Host {
  readonly #api = acquireVsCodeApi();
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #next = 1;

  constructor(onSnapshot: (message: Extract<ToPage, { type: 'snapshot' }>) => void) {
    window.addEventListener('message', ({ data }: MessageEvent<ToPage>) => {
      if (data.type === 'snapshot') return onSnapshot(data);
      const waiting = this.#waiting.get(data.id);
      if (!waiting) return;
      this.#waiting.delete(data.id);
      if (data.type === 'reply') waiting.resolve(data.result);
      else waiting.reject(new Error(data.problem));
    });
  }

  request<N extends RequestName>(name: N, params: Params<N>): Promise<Result<N>> {
    const id = this.#next++;
    this.#api.postMessage({ type: 'request', id, name, params } as ToHost);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
    });
  }

  remember(state: PageState): void {
    this.#api.setState(state);
  }
}
