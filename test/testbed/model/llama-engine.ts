import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The little of node-llama-cpp that is used; the package itself is in the cache, not among our dependencies. */
interface Llama {
  loadModel(options: { modelPath: string }): Promise<LlamaModel>;
  createGrammarForJsonSchema(schema: object): Promise<object>;
}
interface LlamaModel {
  createContext(options: {
    contextSize: number;
    sequences: number;
    threads: number;
  }): Promise<{ getSequence(): Sequence }>;
  tokenize(text: string, special?: boolean): number[];
  detokenize(tokens: readonly number[], special?: boolean): string;
  isEogToken(token: number): boolean;
}
interface Sequence {
  readonly nextTokenIndex: number;
  adaptStateToTokens(tokens: number[], allowShift?: boolean): Promise<void>;
  evaluate(tokens: number[], options: object): AsyncGenerator<number, void, void>;
  evaluateWithoutGeneratingNewTokens(tokens: number[]): Promise<void>;
}
interface LlamaModule {
  getLlama(options: object): Promise<Llama>;
  LlamaGrammarEvaluationState: new (options: { model: LlamaModel; grammar: object }) => object;
}

export interface Generation {
  prompt: string;
  maxTokens: number;
  temperature: number;
  /** The answer is JSON of this schema. */
  schema?: object;
}

export interface Generated {
  promptTokens: number;
  tokens: number;
  end: 'stop' | 'length';
}

/** The prompt and the answer do not fit. */
export class ContextFull extends Error {
  readonly promptTokens: number;

  constructor(promptTokens: number) {
    super('the prompt does not fit');
    this.promptTokens = promptTokens;
  }
}

/** Read at once; between two of them a request can be given up. */
const SLICE = 256;
const INCOMPLETE = '\ufffd';

/** One model in memory. It answers one request at a time. */
export class LlamaEngine {
  readonly contextTokens: number;
  readonly #llama: Llama;
  readonly #module: LlamaModule;
  readonly #model: LlamaModel;
  readonly #sequence: Sequence;

  private constructor(llama: Llama, module: LlamaModule, model: LlamaModel, sequence: Sequence, contextTokens: number) {
    this.#llama = llama;
    this.#module = module;
    this.#model = model;
    this.#sequence = sequence;
    this.contextTokens = contextTokens;
  }

  /** @param engine folder whose node_modules has node-llama-cpp */
  static async load(engine: string, weights: string, contextTokens: number, threads: number): Promise<LlamaEngine> {
    const file = join(engine, 'node_modules', 'node-llama-cpp', 'dist', 'index.js');
    const module = (await import(pathToFileURL(file).href)) as LlamaModule;
    const llama = await module.getLlama({
      gpu: false,
      build: 'never',
      skipDownload: true,
      logLevel: 'error',
      maxThreads: threads,
    });
    const model = await llama.loadModel({ modelPath: weights });
    const context = await model.createContext({ contextSize: contextTokens, sequences: 1, threads });
    return new LlamaEngine(llama, module, model, context.getSequence(), contextTokens);
  }

  /**
   * The answer in pieces; what was counted is returned. Ends early, with what there is, when the signal fires.
   * @throws ContextFull
   */
  async *generate(
    { prompt, maxTokens, temperature, schema }: Generation,
    signal: AbortSignal,
  ): AsyncGenerator<string, Generated> {
    const tokens = this.#model.tokenize(prompt, true);
    const room = this.contextTokens - tokens.length - 1;
    if (room < 1) throw new ContextFull(tokens.length);
    const grammar = schema ? await this.#llama.createGrammarForJsonSchema(schema) : null;
    const counted: Generated = { promptTokens: tokens.length, tokens: 0, end: 'stop' };
    await this.#sequence.adaptStateToTokens(tokens.slice(0, -1), false);
    let at = this.#sequence.nextTokenIndex;
    for (; at < tokens.length - 1; at += SLICE) {
      if (signal.aborted) return counted;
      await this.#sequence.evaluateWithoutGeneratingNewTokens(
        tokens.slice(at, Math.min(at + SLICE, tokens.length - 1)),
      );
    }
    const state = grammar ? new this.#module.LlamaGrammarEvaluationState({ model: this.#model, grammar }) : undefined;
    const options = { temperature, ...(state ? { grammarEvaluationState: state } : {}) };
    const written: number[] = [];
    let given = 0;
    const most = Math.min(maxTokens, room);
    for await (const token of this.#sequence.evaluate(tokens.slice(-1), options)) {
      if (signal.aborted || this.#model.isEogToken(token)) break;
      written.push(token);
      counted.tokens++;
      const text = this.#model.detokenize(written);
      if (!text.endsWith(INCOMPLETE) && text.length > given) {
        yield text.slice(given);
        given = text.length;
        // The grammar goes on to allow white space for ever.
        if (schema && isWhole(text)) break;
      }
      if (written.length < most) continue;
      counted.end = 'length';
      break;
    }
    return counted;
  }
}

function isWhole(json: string): boolean {
  if (!/[}\]]\s*$/.test(json)) return false;
  try {
    JSON.parse(json);
    return true;
  } catch {
    // Not yet.
    return false;
  }
}
