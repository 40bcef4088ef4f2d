import type { KubeObject } from '../../domain/kube-object.ts';
import type { GatewayResponse } from '../wire/messages.ts';
import { parseObject, readAll } from '../wire/messages.ts';

/** The server stores no object beyond 1.5 MiB or so; JSON makes it longer. */
const MAX_OBJECT = 64 * 1024 * 1024;
/** Forms in which the server shows less than the object. */
const PARTIAL = new Set(['Table', 'PartialObjectMetadata', 'Status']);

/** What a client has just read is the pre-image of what it writes next: the pin tells when it no longer is. */
export class LastReads {
  readonly #objects = new Map<string, KubeObject>();

  /** Keeps what `response` shows of the object at `path`. @returns a response with the same body, which can be read still */
  async remember(path: string, response: GatewayResponse): Promise<GatewayResponse> {
    if (response.status !== 200 || !response.headers['content-type']?.startsWith('application/json')) return response;
    const bytes = await readAll(response.body, MAX_OBJECT);
    const object = parseObject(bytes);
    const whole = object?.metadata?.uid && object.metadata.resourceVersion && !PARTIAL.has(object.kind);
    if (object && whole) this.#objects.set(path, object);
    return { ...response, body: bytes };
  }

  /** What was read last at `path`, once; undefined where nothing was. */
  take(path: string): KubeObject | undefined {
    const object = this.#objects.get(path);
    this.#objects.delete(path);
    return object;
  }

  clear(): void {
    this.#objects.clear();
  }
}
