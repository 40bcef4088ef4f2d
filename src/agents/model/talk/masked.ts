import type { ModelUse } from '../../../domain/model-settings.ts';
import { redact } from '../../../text/redact.ts';

const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g;

/** Text as it may leave for a model. */
export function masked(text: string, { maskEmails }: Pick<ModelUse, 'maskEmails'>): string {
  const clean = redact(text);
  return maskEmails ? clean.replace(EMAIL, '[redacted address]') : clean;
}
