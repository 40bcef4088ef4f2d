import type { Brain } from '../../domain/brain.ts';
import { StratusError } from '../../domain/stratus-error.ts';

/** The brains that a run can have. */
export interface BrainShelf {
  /** The one that looks when nobody mends anything: quick, and at no cost. */
  first(): Brain;
  /**
   * The one that thinks first, then those that take over when it fails or knows no more.
   * @param name see BRAINS of `app.ts`; absent: the default
   * @throws StratusError `usage` when there is no such brain, or no model is configured
   */
  take(name?: string): Promise<[Brain, ...Brain[]]>;
}

/** Brains given by name; the last takes over from those before it. */
export class GivenBrains implements BrainShelf {
  readonly #brains: readonly [Brain, ...Brain[]];

  constructor(brains: readonly Brain[]) {
    const [first, ...more] = brains;
    if (!first) throw new Error('a run needs a brain');
    this.#brains = [first, ...more];
  }

  first(): Brain {
    return this.#brains[0];
  }

  async take(name?: string): Promise<[Brain, ...Brain[]]> {
    const wanted = name === undefined ? this.#brains[0] : this.#brains.find((brain) => brain.name === name);
    if (!wanted) {
      const names = this.#brains.map((one) => one.name).join(', ');
      throw new StratusError('usage', `there is no brain '${name}'; this version has: ${names}`);
    }
    const last = this.#brains.at(-1)!;
    return last === wanted ? [wanted] : [wanted, last];
  }
}

/** Playbooks, and the configured model beside them where there is one. */
export class PlaybooksAndModel implements BrainShelf {
  readonly #playbook: Brain;
  readonly #model: (() => Promise<Brain>) | null;

  /** @param model makes the model's brain for one run; null when no model is configured */
  constructor(playbook: Brain, model: (() => Promise<Brain>) | null) {
    this.#playbook = playbook;
    this.#model = model;
  }

  first(): Brain {
    return this.#playbook;
  }

  async take(name = this.#model ? 'both' : 'playbook'): Promise<[Brain, ...Brain[]]> {
    if (name === 'playbook') return [this.#playbook];
    if (name !== 'model' && name !== 'both')
      throw new StratusError('usage', `there is no brain '${name}'; this version has: playbook, model, both`);
    if (!this.#model)
      throw new StratusError(
        'usage',
        `brain '${name}' needs a model, and none is configured: set STRATUS_MODEL and STRATUS_MODEL_URL, or choose one in the editor ('Stratus: Choose Model')`,
      );
    const model = await this.#model();
    return name === 'model' ? [model, this.#playbook] : [this.#playbook, model];
  }
}
