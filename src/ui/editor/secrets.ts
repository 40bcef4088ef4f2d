/** The part of the editor's secret storage that is used. */
export interface Secrets {
  get(name: string): Thenable<string | undefined>;
  store(name: string, value: string): Thenable<void>;
  delete(name: string): Thenable<void>;
}
