import { TooLarge } from './guarded-fetch.ts';

/**
 * The body of an answer as text, UTF-8.
 * @param most characters
 * @throws TooLarge where it is longer; what the connection throws where it breaks off
 */
export async function boundedText(response: Response, most: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > most) throw new TooLarge('the answer is longer than it may be');
  }
  return text;
}
