import { readFile } from 'node:fs/promises';
import { oneLine } from '../../text/plain-text.ts';
import { SourceProblem } from './source-problem.ts';

export type Credential =
  | { kind: 'bearer'; token: string }
  /** Read before each question, because others renew it. */
  | { kind: 'bearer-file'; path: string }
  | { kind: 'basic'; user: string; password: string };

const SHORTEST = 4;

/** What proves to a source who asks; nowhere else is it known. */
export class Credentials {
  readonly #credential: Credential | null;
  readonly #known = new Set<string>();

  /** @param others values of headers that may be secret, too */
  constructor(credential: Credential | null, others: readonly string[] = []) {
    this.#credential = credential;
    this.#remember(...others);
  }

  get any(): boolean {
    return this.#credential !== null;
  }

  /** Value of `authorization`. @throws SourceProblem where a file cannot be read */
  async header(): Promise<string | null> {
    const credential = this.#credential;
    if (!credential) return null;
    if (credential.kind === 'basic') {
      const code = Buffer.from(`${credential.user}:${credential.password}`).toString('base64');
      this.#remember(credential.password, code);
      return `Basic ${code}`;
    }
    const token = credential.kind === 'bearer' ? credential.token : await tokenIn(credential.path);
    this.#remember(token);
    return `Bearer ${token}`;
  }

  conceal(text: string): string {
    const longestFirst = [...this.#known].sort((a, b) => b.length - a.length);
    return longestFirst.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
  }

  #remember(...secrets: string[]): void {
    // What is shorter stands in many texts by chance.
    for (const secret of secrets) if (secret.length >= SHORTEST) this.#known.add(secret);
  }
}

async function tokenIn(path: string): Promise<string> {
  const shown = oneLine(path, 200);
  let token: string;
  try {
    token = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SourceProblem('unauthorized', `cannot be asked: the token file ${shown} cannot be read (${code})`, {
      cause: error,
    });
  }
  // Anything else cannot stand in a header.
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new SourceProblem('unauthorized', `cannot be asked: the file ${shown} holds no token on one line`);
  return token;
}
