import { PassThrough, Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, frameOf, handshakeFor, WebSocketStream } from '../../../src/gateway/wire/web-socket.ts';

/** A connection whose other end sends `chunks`, and what was written to it. */
function connection(chunks: Buffer[]): { socket: Duplex; written: () => Buffer } {
  const sent: Buffer[] = [];
  const incoming = new PassThrough();
  for (const chunk of chunks) incoming.write(chunk);
  incoming.end();
  const outgoing = new PassThrough();
  outgoing.on('data', (chunk: Buffer) => sent.push(chunk));
  return { socket: Duplex.from({ readable: incoming, writable: outgoing }), written: () => Buffer.concat(sent) };
}

async function read(chunks: Buffer[]): Promise<Buffer[]> {
  const messages: Buffer[] = [];
  for await (const message of new WebSocketStream(connection(chunks).socket).messages()) messages.push(message);
  return messages;
}

const CLOSE = Buffer.from([0x88, 0]);
/** Unmasked, as a server sends it. */
const frame = (first: number, payload: Buffer) => Buffer.concat([Buffer.from([first, payload.length]), payload]);

describe('streams', () => {
  it('give back what was framed, however the bytes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 70_000 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 9_000 }),
        async (payloads, size) => {
          const bytes = Buffer.concat([...payloads.map((one) => encodeFrame(2, Buffer.from(one))), CLOSE]);
          const chunks: Buffer[] = [];
          for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
          expect(await read(chunks)).toEqual(payloads.map((one) => Buffer.from(one)));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('join what was cut into several frames, and answer a ping between them', async () => {
    const { socket, written } = connection([
      Buffer.concat([
        frame(0x02, Buffer.from('ab')),
        frame(0x89, Buffer.from('?')),
        frame(0x80, Buffer.from('cd')),
        CLOSE,
      ]),
    ]);
    const messages: string[] = [];
    for await (const message of new WebSocketStream(socket).messages()) messages.push(message.toString());
    expect(messages).toEqual(['abcd']);
    expect(frameOf(written())).toMatchObject({ opcode: 10, payload: Buffer.from('?') });
  });

  it('end with an error when the connection breaks, a frame is huge or compressed', async () => {
    await expect(read([frame(0x82, Buffer.from('a'))])).rejects.toThrow('closed');
    const huge = Buffer.from([0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0]);
    await expect(read([huge])).rejects.toThrow('longer than');
    await expect(read([Buffer.from([0xc2, 0])])).rejects.toThrow('extension');
  });

  it('begin only with a server that answers the handshake in the wanted protocol', () => {
    const handshake = handshakeFor(['v5.channel.k8s.io']);
    expect(handshake.problem({ 'sec-websocket-protocol': 'v5.channel.k8s.io' })).toMatch(/handshake/);
    expect(handshake.headers['sec-websocket-protocol']).toBe('v5.channel.k8s.io');
  });
});
