import type { ScriptedBody } from '../support/scripted-model.ts';

export type Role = 'detection' | 'diagnosis' | 'second' | 'ranking' | 'mitigation' | 'reflection' | 'other';

/** A line of a list in a prompt: `H2: Service/shop/cart: … [E4]`. */
export interface ListedLine {
  id: string;
  text: string;
}

const ROLES: Record<string, Role> = {
  submit_detection: 'detection',
  submit_diagnosis: 'diagnosis',
  submit_ranking: 'ranking',
  submit_plan: 'mitigation',
  submit_reflection: 'reflection',
};

/** What a model is asked, read from the request alone, as a model would read it. */
export class RequestView {
  readonly tools: string[];
  readonly role: Role;
  /** What the role was told at its start, and what was asked of it first. */
  readonly system: string;
  readonly question: string;
  /** All that was sent. */
  readonly text: string;
  /** What tools answered so far, oldest first. */
  readonly answers: string[];
  /** Why the last answer was sent back; empty where it was not. */
  readonly objection: string;
  readonly forced: boolean;

  constructor({ messages, tools = [], tool_choice: choice, response_format: format }: ScriptedBody) {
    this.tools = tools.map((tool) => tool.function.name);
    this.system = messages[0]?.content ?? '';
    this.question = messages.find(({ role }) => role === 'user')?.content ?? '';
    this.text = messages.map(({ content }) => content ?? '').join('\n');
    this.answers = messages.flatMap(({ role, content }) => (role === 'tool' ? [content ?? ''] : []));
    const last = messages.at(-1);
    this.objection = messages.length > 2 && /put right|Answer now/.test(last?.content ?? '') ? last!.content! : '';
    this.forced = format !== undefined || (choice !== undefined && choice !== 'auto');
    const form = [...Object.keys(ROLES)].find((name) => this.tools.includes(name) || this.system.includes(name));
    const role = form ? ROLES[form]! : 'other';
    this.role = role === 'diagnosis' && /colleague whose conclusion/.test(this.system) ? 'second' : role;
  }

  get causes(): ListedLine[] {
    return listed(this.question, 'H');
  }

  get actions(): ListedLine[] {
    return listed(this.question, 'A');
  }

  /** Ids of evidence that stand in a text. */
  static evidence(text: string): string[] {
    return [...new Set(text.match(/\bE\d+\b/g) ?? [])];
  }
}

function listed(text: string, letter: 'H' | 'A'): ListedLine[] {
  return text.split('\n').flatMap((line) => {
    const [, id, rest] = new RegExp(`^\\s*(${letter}\\d+): (.*)$`).exec(line) ?? [];
    return id && rest ? [{ id, text: rest }] : [];
  });
}
