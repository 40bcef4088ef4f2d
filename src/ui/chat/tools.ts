import * as vscode from 'vscode';
import { placeOf } from '../../domain/target.ts';
import type { AppLease } from '../editor/app-loader.ts';
import { withoutLinks } from '../editor/prompts.ts';
import { abortedBy } from '../editor/abort.ts';
import type { Place } from './answer.ts';
import type { ToolWorld } from './offered-tools.ts';
import { callOffered, questionOf, TOOL_PREFIX } from './offered-tools.ts';

export interface OfferedToolParts extends ToolWorld {
  lease: () => Promise<AppLease>;
  /** Where the next call would look. */
  place(): Place | null;
}

/** The tools of this window for other agents: those that read, and one that proposes. */
export class OfferedTools {
  readonly #parts: OfferedToolParts;

  constructor(parts: OfferedToolParts) {
    this.#parts = parts;
  }

  prepare(name: string, input: unknown): vscode.PreparedToolInvocation {
    const place = this.#parts.place();
    const { doing, title, message } = questionOf(bare(name), input, place ? placeOf(place) : 'no cluster yet');
    return {
      invocationMessage: withoutLinks(doing),
      confirmationMessages: { title: withoutLinks(title), message: withoutLinks(message) },
    };
  }

  async invoke(name: string, input: unknown, token: vscode.CancellationToken): Promise<vscode.LanguageModelToolResult> {
    const { app, release } = await this.#parts.lease();
    try {
      const text = await callOffered(app, this.#parts, bare(name), input, abortedBy(token));
      return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
    } finally {
      release();
    }
  }
}

function bare(name: string): string {
  return name.startsWith(TOOL_PREFIX) ? name.slice(TOOL_PREFIX.length) : name;
}
