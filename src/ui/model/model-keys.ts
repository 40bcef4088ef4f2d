import type { ModelEndpoint } from '../../domain/model-settings.ts';
import type { Secrets } from '../editor/secrets.ts';

type Place = Pick<ModelEndpoint, 'provider' | 'baseUrl'>;

/**
 * Keys of models, one for each address: a key never goes to another server than the one that it was given for. They are
 * nowhere but in the editor's secret storage.
 */
export class ModelKeys {
  readonly #secrets: Secrets;

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  /** Null: none is kept. */
  async of(place: Place): Promise<string | null> {
    return (await this.#secrets.get(nameOf(place))) || null;
  }

  async keep(place: Place, key: string): Promise<void> {
    await this.#secrets.store(nameOf(place), key);
  }

  async forget(place: Place): Promise<void> {
    await this.#secrets.delete(nameOf(place));
  }
}

function nameOf({ provider, baseUrl }: Place): string {
  return `stratus.model.key ${provider} ${baseUrl}`;
}
