import { SourceProblem } from './source-problem.ts';

/**
 * A body as text, UTF-8.
 * @throws SourceProblem too-large, unreachable when it breaks off, cancelled
 */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  announced: string | undefined,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const tooLarge = () =>
    new SourceProblem('too-large', `answers with more than ${megabytes(maxBytes)}: ask for less, or a shorter time`);
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  // Leaving the loop destroys the stream.
  try {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes || Number(announced) > maxBytes) throw tooLarge();
      parts.push(decoder.decode(chunk, { stream: true }));
    }
  } catch (error) {
    if (error instanceof SourceProblem) throw error;
    if (signal.aborted) throw new SourceProblem('cancelled', 'was not waited for', { cause: error });
    throw new SourceProblem('unreachable', 'broke off its answer: ask again, and see its log', { cause: error });
  }
  return parts.join('') + decoder.decode();
}

function megabytes(bytes: number): string {
  return bytes >= 1 << 20 ? `${Math.round(bytes / (1 << 20))} MB` : `${Math.round(bytes / 1024)} kB`;
}
