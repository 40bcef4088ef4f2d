import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Product, ProductRun } from '../product.ts';
import { tailOf } from '../product.ts';
import type { AnnouncedWrite } from './announced.ts';
import type { Kube } from './kube.ts';
import type { Step } from './row.ts';

const TIMEOUT_MS = 180_000;

/** What a step came to. */
export interface StepResult {
  outcome: 'refused' | 'done' | 'failed';
  /** What a person had to accept; empty when it was not asked. */
  asked: string[];
  /** Every write with what was said about it before it was made. */
  writes: AnnouncedWrite[];
  /** To undo; absent when nothing stands. */
  tx?: string;
  reason: string;
  /** Things that are wrong by themselves: an answer that is no answer, a question that does not say what to accept. */
  problems: string[];
}

/** Does the steps of a row through the product, and takes them back. */
export class ProductSteps {
  readonly #product: Product;
  readonly #kube: Kube;
  readonly #folder: string;

  constructor(product: Product, kube: Kube, folder: string) {
    this.#product = product;
    this.#kube = kube;
    this.#folder = folder;
  }

  /** @param accept what a person accepts, as after a question */
  async perform(step: Step, accept: readonly string[] = []): Promise<StepResult> {
    if ('argv' in step) {
      const argv = await Promise.all(step.argv.map((word) => this.#kube.word(word)));
      return step.by === 'run' ? this.#run(argv, accept) : this.#shell(argv, accept);
    }
    if (step.by === 'other') throw new Error('somebody else does not use the product');
    const { request } = step;
    const [path, body] = [await this.#kube.expand(request.path), await this.#kube.expand(request.body)];
    const file = join(this.#folder, `${randomBytes(4).toString('hex')}.json`);
    writeFileSync(file, JSON.stringify([{ ...request, path, body, edit: step.by === 'edit' }]));
    const program = join(import.meta.dirname, 'raw-writer.ts');
    return this.#shell([process.execPath, '--disable-warning=ExperimentalWarning', program, file], accept);
  }

  undo(tx: string): Promise<ProductRun> {
    return this.#product.run(['undo', '--tx', tx, '--yes', '--json'], TIMEOUT_MS);
  }

  /** A person's word after an undo that could not restore everything. */
  keep(tx: string): Promise<ProductRun> {
    return this.#product.run(['recover', '--keep', '--tx', tx, '--yes'], TIMEOUT_MS);
  }

  async #run(argv: readonly string[], accept: readonly string[]): Promise<StepResult> {
    const options = ['run', '--yes', '--json', '-n', this.#kube.namespace, ...acceptWords(accept)];
    const run = await this.#product.run([...options, '--', ...argv], TIMEOUT_MS);
    const said = run.events.findLast(({ type }) => type === 'run') as Said | undefined;
    const problems: string[] = [];
    if (!said) {
      // A program that ends without its one object says nothing that a script could go by.
      return { outcome: run.code === 0 ? 'done' : 'failed', asked: [], writes: [], reason: tailOf(run), problems };
    }
    const { outcome, needs = [], writes = [], tx, reason = '' } = said;
    const asked = outcome === 'refused' ? needs : [];
    if (asked.length > 0 && !reason.includes('--accept')) problems.push(`the question names no --accept: ${reason}`);
    if (outcome === 'refused' && run.code !== 1) problems.push(`refused with exit code ${run.code}`);
    return { outcome, asked, writes, reason, problems, ...(outcome === 'done' && tx ? { tx } : {}) };
  }

  async #shell(program: readonly string[], accept: readonly string[]): Promise<StepResult> {
    const options = ['shell', '--write', '--keep', '-n', this.#kube.namespace, ...acceptWords(accept)];
    const run = await this.#product.run([...options, '--', ...program], TIMEOUT_MS);
    const tx = /transaction (\S+)$/m.exec(run.stderr)?.[1];
    const kept = /kept: 'stratus undo --tx (\S+)'/.exec(run.stderr)?.[1];
    const text = `${run.stdout}\n${run.stderr}`;
    // Of several writes some may have been let through before one that needs a person.
    const asked = /has to accept ((?:unknown|losses)(?: and losses)?)/.exec(text)?.[1]?.split(' and ') ?? [];
    const writes = kept && tx ? await this.#journalled(tx) : [];
    const outcome = kept ? 'done' : run.code === 0 ? 'done' : 'refused';
    return { outcome, asked, writes, reason: reasonIn(text), problems: [], ...(kept ? { tx: kept } : {}) };
  }

  /** What the journal has of the writes of a transaction: it was written down before each of them. */
  async #journalled(tx: string): Promise<AnnouncedWrite[]> {
    const { stdout } = await this.#product.run(['journal', 'show', tx, '--json'], TIMEOUT_MS);
    const detail = JSON.parse(stdout) as {
      details?: { ref?: AnnouncedWrite['object']; undo?: AnnouncedWrite['undo'] }[];
    };
    return (detail.details ?? []).map(({ ref, undo }) => ({ object: ref, undo }));
  }
}

interface Said {
  outcome: StepResult['outcome'];
  needs?: string[];
  writes?: AnnouncedWrite[];
  tx?: string;
  reason?: string;
}

const acceptWords = (accept: readonly string[]) => (accept.length > 0 ? ['--accept', accept.join(',')] : []);

/** The message of the first answer that is an error, else the last lines. */
function reasonIn(text: string): string {
  for (const line of text.split('\n')) {
    if (!line.startsWith('{"answer"')) continue;
    const { answer, body } = JSON.parse(line) as { answer: number; body: string };
    if (answer >= 300) return `${answer} ${body.slice(0, 600)}`;
  }
  return text.trim().split('\n').slice(-4).join(' | ').slice(-600);
}
