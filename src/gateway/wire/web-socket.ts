import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';

/** The API server sends frames of some 32 KiB. */
const MAX_MESSAGE = 4 * 1024 * 1024;
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Headers of a handshake for one of `protocols`, and the check of the server's answer to it. */
export function handshakeFor(protocols: readonly string[]): {
  headers: Record<string, string>;
  /** Why the answer is none; empty when it is. */
  problem(answer: Record<string, string>): string;
} {
  const key = randomBytes(16).toString('base64');
  const accept = createHash('sha1')
    .update(key + GUID)
    .digest('base64');
  return {
    headers: {
      'sec-websocket-key': key,
      'sec-websocket-version': '13',
      'sec-websocket-protocol': protocols.join(', '),
    },
    problem: (answer) => {
      if (answer['sec-websocket-accept'] !== accept) return 'it did not answer the handshake of a stream';
      return protocols.includes(answer['sec-websocket-protocol'] ?? '')
        ? ''
        : `it speaks none of ${protocols.join(', ')} (Kubernetes 1.30 or later does)`;
    },
  };
}

/** Messages over an upgraded connection (RFC 6455), as the client: binary ones, pings answered, one reader. */
export class WebSocketStream {
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    this.#socket = socket;
    // A broken connection is told to whoever reads; a write beside that must not end the process.
    socket.on('error', () => undefined);
  }

  /** Messages until the other end closes. @throws Error when the connection breaks or what comes is no WebSocket */
  async *messages(): AsyncGenerator<Buffer> {
    let rest: Buffer = Buffer.alloc(0);
    let parts: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.#socket) {
      rest = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer);
      for (let frame = frameOf(rest); frame; frame = frameOf(rest)) {
        rest = rest.subarray(frame.length);
        if (frame.opcode === OPCODE.close) return;
        if (frame.opcode === OPCODE.ping) this.#send(OPCODE.pong, frame.payload);
        if (frame.opcode > OPCODE.binary) continue;
        size += frame.payload.length;
        if (size > MAX_MESSAGE) throw new Error(`a message is longer than ${MAX_MESSAGE} bytes`);
        parts.push(frame.payload);
        if (!frame.last) continue;
        yield Buffer.concat(parts);
        [parts, size] = [[], 0];
      }
    }
    throw new Error('the connection was closed');
  }

  send(message: Buffer): void {
    this.#send(OPCODE.binary, message);
  }

  /** Ends it without waiting for the other end. */
  destroy(): void {
    if (!this.#socket.destroyed) this.#send(OPCODE.close, Buffer.alloc(0));
    this.#socket.destroy();
  }

  #send(opcode: number, payload: Buffer): void {
    if (this.#socket.writableEnded || this.#socket.destroyed) return;
    this.#socket.write(encodeFrame(opcode, payload));
  }
}

/** One frame as a client sends it. */
export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const mask = randomBytes(4);
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const header = Buffer.alloc(2 + extended);
  header[0] = 0x80 | opcode;
  header[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) header.writeUInt16BE(length, 2);
  if (extended === 8) header.writeBigUInt64BE(BigInt(length), 2);
  const masked = Buffer.from(payload);
  for (let at = 0; at < masked.length; at++) masked[at]! ^= mask[at % 4]!;
  return Buffer.concat([header, mask, masked]);
}

/** The first whole frame of what has come so far; null while it is not all there. @throws Error for a broken one */
export function frameOf(bytes: Buffer): { opcode: number; last: boolean; payload: Buffer; length: number } | null {
  if (bytes.length < 2) return null;
  const [first, second] = [bytes[0]!, bytes[1]!];
  if ((first & 0x70) !== 0) throw new Error('a frame uses an extension that was not agreed on');
  const short = second & 0x7f;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  const masked = (second & 0x80) !== 0;
  const start = 2 + extended + (masked ? 4 : 0);
  if (bytes.length < start) return null;
  const size = extended === 0 ? short : extended === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (size > MAX_MESSAGE) throw new Error(`a frame is longer than ${MAX_MESSAGE} bytes`);
  if (bytes.length < start + size) return null;
  const payload = Buffer.from(bytes.subarray(start, start + size));
  if (masked) for (let at = 0; at < size; at++) payload[at]! ^= bytes[start - 4 + (at % 4)]!;
  return { opcode: first & 0x0f, last: (first & 0x80) !== 0, payload, length: start + size };
}
