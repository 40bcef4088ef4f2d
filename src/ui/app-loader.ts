import type { AppConfig, StratusApp } from '../run/app.ts';

export type CreateApp = (config: AppConfig) => Promise<StratusApp>;

/**
 * Loads the application on first use and keeps it until its configuration changes. Loading is apart from activation
 * because the Kubernetes client is by far the largest part of the extension.
 */
export class AppLoader {
  readonly #configuration: () => AppConfig;
  #create: CreateApp;
  #current: { key: string; app: Promise<StratusApp> } | null = null;
  readonly #listeners = new Set<() => void>();
  #subscription: { dispose(): void } | null = null;

  constructor(create: CreateApp, configuration: () => AppConfig) {
    this.#create = create;
    this.#configuration = configuration;
  }

  /** @throws Error with one line that says what to do. A failed load is tried again at the next call. */
  async app(): Promise<StratusApp> {
    const config = this.#configuration();
    const key = JSON.stringify(config);
    if (this.#current?.key !== key) {
      const former = this.#current;
      this.#forget();
      void former?.app.then((app) => app.dispose()).catch(() => undefined);
      this.#current = { key, app: this.#create(config).then((app) => this.#adopt(app)) };
    }
    const loading = this.#current!;
    try {
      return await loading.app;
    } catch (error) {
      if (this.#current === loading) this.#current = null;
      throw error;
    }
  }

  /** Journal changes of whichever application is loaded. */
  onJournalChange(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /** For host tests: another factory from now on. */
  async replace(create: CreateApp): Promise<void> {
    const former = this.#current;
    this.#forget();
    this.#create = create;
    await former?.app.then((app) => app.dispose()).catch(() => undefined);
    for (const listener of this.#listeners) listener();
  }

  async dispose(): Promise<void> {
    const former = this.#current;
    this.#forget();
    this.#listeners.clear();
    await former?.app.then((app) => app.dispose()).catch(() => undefined);
  }

  #adopt(app: StratusApp): StratusApp {
    this.#subscription = app.onJournalChange(() => {
      for (const listener of this.#listeners) listener();
    });
    return app;
  }

  #forget(): void {
    this.#subscription?.dispose();
    this.#subscription = null;
    this.#current = null;
  }
}
