/** All that a request tells besides its body: nothing of this machine, and no header that the environment names. */
const SENT: ReadonlySet<string> = new Set(['accept', 'api-key', 'authorization', 'content-type']);
const MOST_BYTES = 64 * 1024 * 1024;
/** Of one event: what reads them keeps an unfinished one in memory. */
const MOST_EVENT_BYTES = 4 * 1024 * 1024;
const MOST_ERROR_BYTES = 64 * 1024;
const WITHOUT_BODY: ReadonlySet<number> = new Set([101, 204, 205, 304]);
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** An answer that is larger than any answer of a model. */
export class TooLarge extends Error {}

/**
 * The global `fetch` (an editor's knows proxies and certificates), which sends no header but the needed ones, follows no
 * redirect (another host would get the prompt and the key) and reads no answer without end.
 * @param anonymous no key is sent
 */
export function guardedFetch(
  anonymous: boolean,
): (input: string | URL | Request, init?: RequestInit) => Promise<Response> {
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    for (const name of [...headers.keys()]) if (!SENT.has(name)) headers.delete(name);
    if (anonymous) for (const name of ['authorization', 'api-key']) headers.delete(name);
    headers.set('user-agent', 'stratus');
    const response = await globalThis.fetch(input, { ...init, headers, redirect: 'manual' });
    // Browsers and their kin hide what a redirect says.
    const status = response.status === 0 ? 302 : response.status;
    const about = { status, headers: response.headers };
    if (!response.ok) return new Response(WITHOUT_BODY.has(status) ? null : await start(response), about);
    if (!response.body || WITHOUT_BODY.has(status)) return new Response(null, about);
    return new Response(response.body.pipeThrough(bounded()), about);
  };
}

async function start(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      bytes += chunk.byteLength;
      if (bytes >= MOST_ERROR_BYTES) break;
    }
  } catch {
    // The status says enough.
  }
  return text.slice(0, MOST_ERROR_BYTES);
}

function bounded(): TransformStream<Uint8Array, Uint8Array> {
  let all = 0;
  let event = 0;
  let empty = false;
  return new TransformStream({
    transform(chunk, out) {
      all += chunk.byteLength;
      for (const byte of chunk) {
        event++;
        if (byte === CARRIAGE_RETURN) continue;
        if (byte === LINE_FEED && empty) event = 0;
        empty = byte === LINE_FEED;
      }
      if (all > MOST_BYTES || event > MOST_EVENT_BYTES) throw new TooLarge('the answer is larger than any of a model');
      out.enqueue(chunk);
    },
  });
}
