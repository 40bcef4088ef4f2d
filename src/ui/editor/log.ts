import * as vscode from 'vscode';
import { presentable } from '../../text/redact.ts';

/** The one output channel; text is redacted here, whoever writes it. */
export class Log implements vscode.Disposable {
  readonly #channel: vscode.LogOutputChannel;

  constructor() {
    this.#channel = vscode.window.createOutputChannel('Stratus', { log: true });
  }

  info(text: string): void {
    this.#channel.info(presentable(text, 4_000));
  }

  error(text: string): void {
    this.#channel.error(presentable(text, 4_000));
  }

  show(): void {
    this.#channel.show(true);
  }

  dispose(): void {
    this.#channel.dispose();
  }
}
