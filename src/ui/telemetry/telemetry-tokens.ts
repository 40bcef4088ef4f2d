import type { TelemetryConfig } from '../../run/telemetry/telemetry-config.ts';
import type { Secrets } from '../editor/secrets.ts';
import { tokenAddress } from '../editor/telemetry-config.ts';

/** A token, or a header with its name: what gateways want. */
const HEADER = /^[A-Za-z][A-Za-z0-9-]{0,100}:\s*\S/;

/**
 * Tokens of sources of telemetry, one for each address: none goes to another server than the one that it was given for.
 * They are nowhere but in the editor's secret storage.
 */
export class TelemetryTokens {
  readonly #secrets: Secrets;

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  /** @param address as by `tokenAddress` @returns null: none is kept */
  async of(address: string): Promise<string | null> {
    return (await this.#secrets.get(nameOf(address))) || null;
  }

  async keep(address: string, token: string): Promise<void> {
    await this.#secrets.store(nameOf(address), token);
  }

  async forget(address: string): Promise<void> {
    await this.#secrets.delete(nameOf(address));
  }

  /** A configuration with the tokens of its addresses; a server says for itself that it wants one. */
  async with(config: TelemetryConfig): Promise<TelemetryConfig> {
    const sources = await Promise.all(
      config.sources.map(async (source) => {
        const address = tokenAddress(source.url);
        // Where the storage cannot be read there is none.
        const token = address === null ? null : await this.of(address).catch(() => null);
        if (token === null) return source;
        return { ...source, ...(HEADER.test(token) ? { headers: [token] } : { token }) };
      }),
    );
    return { ...config, sources };
  }
}

/** What is wrong with a token that was typed; empty when nothing is. */
export function tokenProblem(text: string): 'no-token' | '' {
  const token = text.trim();
  return HEADER.test(token)
    ? /^[\x20-\x7e]*$/.test(token)
      ? ''
      : 'no-token'
    : /[^\x21-\x7e]/.test(token)
      ? 'no-token'
      : '';
}

function nameOf(address: string): string {
  return `stratus.telemetry.token ${address}`;
}
