import type { Readable } from 'node:stream';
import { Readable as ReadableStream } from 'node:stream';

/** A body as it comes. */
export function asStream(body: Readable | Buffer): Readable {
  return Buffer.isBuffer(body) ? ReadableStream.from([body]) : body;
}

/** The first `limit` bytes as text. */
export async function textOf(body: Readable | Buffer, limit: number): Promise<{ text: string; complete: boolean }> {
  const { bytes, complete } = await bytesIn(body, limit);
  return { text: bytes.toString(), complete };
}

/** The first `limit` bytes, and whether they are all. */
export async function bytesIn(body: Readable | Buffer, limit: number): Promise<{ bytes: Buffer; complete: boolean }> {
  const stream = asStream(body);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > limit) {
      chunks.push(bytes.subarray(0, bytes.length - (size - limit)));
      stream.destroy();
      return { bytes: Buffer.concat(chunks), complete: false };
    }
    chunks.push(bytes);
  }
  return { bytes: Buffer.concat(chunks), complete: true };
}
