import type { ModelUse } from '../../../domain/model-settings.ts';
import { redact, withoutEmails } from '../../../text/redact.ts';

/** Text as it may leave for a model. */
export function masked(text: string, { maskEmails }: Pick<ModelUse, 'maskEmails'>): string {
  const clean = redact(text);
  return maskEmails ? withoutEmails(clean) : clean;
}
