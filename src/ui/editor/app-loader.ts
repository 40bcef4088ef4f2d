import type { AppConfig } from '../../run/app-config.ts';
import type { StratusApp } from '../../run/app.ts';

export type CreateApp = (config: AppConfig) => Promise<StratusApp>;

/** An application that stays open until `release`, whatever happens to the configuration meanwhile. */
export interface AppLease {
  app: StratusApp;
  release(): void;
}

interface Loaded {
  key: string;
  app: Promise<StratusApp>;
  leases: number;
  /** Another configuration took its place; closed when nobody uses it any more. */
  retired: boolean;
  subscription: { dispose(): void } | null;
}

/**
 * Loads the application on first use and keeps it until its configuration changes. Loading is apart from activation
 * because the Kubernetes client is by far the largest part of the extension.
 */
export class AppLoader {
  readonly #configuration: () => AppConfig;
  #create: CreateApp;
  #current: Loaded | null = null;
  readonly #listeners = new Set<() => void>();

  constructor(create: CreateApp, configuration: () => AppConfig) {
    this.#create = create;
    this.#configuration = configuration;
  }

  /**
   * For a single question. Work that goes on, such as a run or an undo, takes a lease.
   * @throws Error with one line that says what to do. A failed load is tried again at the next call.
   */
  app(): Promise<StratusApp> {
    return this.#open(this.#load());
  }

  /** A change of settings must not close the connection of a run that is under way. */
  async lease(): Promise<AppLease> {
    const loaded = this.#load();
    loaded.leases += 1;
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      loaded.leases -= 1;
      closeWhenUnused(loaded);
    };
    try {
      return { app: await this.#open(loaded), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Journal changes of whichever application is loaded. */
  onJournalChange(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /** What the settings do not show has changed, such as a key: the next question opens the application anew. */
  renew(): void {
    this.#retire();
    this.#tell();
  }

  /** For host tests: another factory from now on. */
  replace(create: CreateApp): void {
    this.#create = create;
    this.renew();
  }

  /** Closes the application also under a run: the process is about to end. */
  async dispose(): Promise<void> {
    this.#listeners.clear();
    const loaded = this.#current;
    this.#current = null;
    // The editor closes.
    await loaded?.app.then((app) => app.dispose()).catch(() => undefined);
  }

  #load(): Loaded {
    const config = this.#configuration();
    const key = JSON.stringify(config);
    if (this.#current?.key === key) return this.#current;
    this.#retire();
    const loaded: Loaded = { key, app: this.#create(config), leases: 0, retired: false, subscription: null };
    this.#current = loaded;
    void loaded.app
      .then((app) => {
        if (!loaded.retired) loaded.subscription = app.transactions.onChange(() => this.#tell());
      })
      // Whoever asked for the application gets the failure.
      .catch(() => undefined);
    return loaded;
  }

  async #open(loaded: Loaded): Promise<StratusApp> {
    try {
      return await loaded.app;
    } catch (error) {
      if (this.#current === loaded) this.#current = null;
      throw error;
    }
  }

  #retire(): void {
    const loaded = this.#current;
    this.#current = null;
    if (!loaded) return;
    loaded.retired = true;
    loaded.subscription?.dispose();
    closeWhenUnused(loaded);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function closeWhenUnused(loaded: Loaded): void {
  if (!loaded.retired || loaded.leases > 0) return;
  // Nobody uses it any more.
  void loaded.app.then((app) => app.dispose()).catch(() => undefined);
}
