import { PassThrough, Readable } from 'node:stream';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refKey, refOf } from '../../../src/domain/kube-object.ts';
import { KNOWN_KINDS, collectionPath } from '../../../src/cluster/read/kinds.ts';
import type { UpstreamRequest } from '../../../src/gateway/wire/upstream.ts';
import { UpstreamError } from '../../../src/gateway/wire/upstream.ts';
import { NS } from './objects.ts';

/** Lists and watch streams of handwritten objects. */
export class WatchServer {
  readonly objects = new Map<string, KubeObject>();
  readonly streams = new Map<string, Set<PassThrough>>();
  version = 10;
  /** Kinds that were listed, in order. */
  readonly lists: string[] = [];
  forbidden = new Set<string>();
  away = false;
  goneOnWatch = 0;

  constructor(objects: KubeObject[]) {
    for (const object of objects) this.objects.set(refKey(refOf(object)), object);
  }

  request = ({ path, signal }: UpstreamRequest) => {
    if (this.away) return Promise.reject(new UpstreamError('unreachable', 'server away', false));
    const url = new URL(path, 'http://x');
    const info = KNOWN_KINDS.find((one) => [collectionPath(one, NS), collectionPath(one)].includes(url.pathname));
    if (!info) return reply(200, { kind: 'Namespace', metadata: { name: NS } });
    if (this.forbidden.has(info.kind)) return reply(403, { message: 'no' });
    if (url.searchParams.get('watch') === 'true') {
      const stream = new PassThrough();
      signal?.addEventListener('abort', () => stream.destroy());
      if (this.goneOnWatch > 0) {
        this.goneOnWatch--;
        stream.end(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410 } })}\n`);
      } else {
        const streams = this.streams.get(info.kind) ?? new Set();
        this.streams.set(info.kind, streams.add(stream));
      }
      return Promise.resolve({ status: 200, headers: {}, body: stream as Readable });
    }
    this.lists.push(info.kind);
    const items = [...this.objects.values()].filter(({ kind }) => kind === info.kind);
    return reply(200, { metadata: { resourceVersion: String(this.version) }, items });
  };

  apply(...objects: KubeObject[]): void {
    for (const object of objects) {
      const key = refKey(refOf(object));
      const type = this.objects.has(key) ? 'MODIFIED' : 'ADDED';
      const metadata = { ...object.metadata, resourceVersion: String(++this.version) };
      this.objects.set(key, { ...object, metadata });
      this.#emit(type, { ...object, metadata });
    }
  }

  delete(object: KubeObject): void {
    this.objects.delete(refKey(refOf(object)));
    this.#emit('DELETED', object);
  }

  /** Streams that somebody listens to. */
  get open(): number {
    return [...this.streams.values()].flatMap((streams) => [...streams]).filter((stream) => !stream.destroyed).length;
  }

  /** All streams end, as they do every few minutes. */
  endStreams(): void {
    for (const streams of this.streams.values()) for (const stream of streams) stream.end();
    this.streams.clear();
  }

  #emit(type: string, object: KubeObject): void {
    for (const stream of this.streams.get(object.kind) ?? []) stream.write(`${JSON.stringify({ type, object })}\n`);
  }
}

function reply(status: number, object: unknown) {
  return Promise.resolve({ status, headers: {}, body: Readable.from([Buffer.from(JSON.stringify(object))]) });
}
