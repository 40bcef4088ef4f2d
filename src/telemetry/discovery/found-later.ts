import type { Answer, LogLine, LogQuery, LogSource, Span, TraceQuery, TraceSource } from '../../domain/telemetry.ts';
import type { SourceKind } from '../settings/source-spec.ts';
import type { SourceClient } from '../wire/source-client.ts';
import type { Identity } from './identify.ts';
import { identify } from './identify.ts';

/** Finds out what answers when it is first asked, and again until something does. */
class FoundLater<S> {
  readonly #client: SourceClient;
  readonly #kinds: readonly SourceKind[];
  readonly #make: (identity: Identity) => S;
  found: S | null = null;

  constructor(client: SourceClient, kinds: readonly SourceKind[], make: (identity: Identity) => S) {
    this.#client = client;
    this.#kinds = kinds;
    this.#make = make;
  }

  ask<T>(signal: AbortSignal, ask: (source: S) => Promise<Answer<T>>): Promise<Answer<T>> {
    if (this.found) return ask(this.found);
    return this.#client.answer(signal, async (both) => {
      this.found = this.#make(await identify(this.#client, this.#kinds, both));
      return ask(this.found);
    });
  }
}

/** Traces of a server that did not answer when it was to be found out what it is. */
export class TracesFoundLater implements TraceSource {
  readonly name: string;
  readonly #later: FoundLater<TraceSource>;

  constructor(client: SourceClient, kinds: readonly SourceKind[], make: (identity: Identity) => TraceSource) {
    this.name = client.name;
    this.#later = new FoundLater(client, kinds, make);
  }

  get lagMs(): number {
    return this.#later.found?.lagMs ?? 20_000;
  }

  services(signal: AbortSignal): Promise<Answer<string[]>> {
    return this.#later.ask(signal, (source) => source.services(signal));
  }

  search(query: TraceQuery, signal: AbortSignal): Promise<Answer<Span[][]>> {
    return this.#later.ask(signal, (source) => source.search(query, signal));
  }

  link(trace: string): string | null {
    return this.#later.found?.link(trace) ?? null;
  }
}

/** The same for logs. */
export class LogsFoundLater implements LogSource {
  readonly name: string;
  readonly #later: FoundLater<LogSource>;

  constructor(client: SourceClient, kinds: readonly SourceKind[], make: (identity: Identity) => LogSource) {
    this.name = client.name;
    this.#later = new FoundLater(client, kinds, make);
  }

  get lagMs(): number {
    return this.#later.found?.lagMs ?? 10_000;
  }

  search(query: LogQuery, signal: AbortSignal): Promise<Answer<LogLine[]>> {
    return this.#later.ask(signal, (source) => source.search(query, signal));
  }

  link(query: LogQuery): string | null {
    return this.#later.found?.link(query) ?? null;
  }
}
