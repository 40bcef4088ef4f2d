import * as vscode from 'vscode';
import { isProtectedContext } from './configuration.ts';
import type { Prompts } from './prompts.ts';

/** Whether the person typed the name of a protected context. @param purpose what it is typed for, as a sentence */
export function typesName(prompts: Prompts, context: string, purpose: string): Promise<boolean> {
  return prompts.typeToConfirm(vscode.l10n.t('{0} is protected', context), purpose, context);
}

/** Whether a context may be written to: at once, or, where it is protected, when its name was typed. */
export async function mayWriteTo(prompts: Prompts, context: string, purpose: string): Promise<boolean> {
  return !isProtectedContext(context) || typesName(prompts, context, purpose);
}
