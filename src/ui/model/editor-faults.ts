import { ChatError } from '../../domain/chat.ts';
import { untrustedLine } from '../../text/redact.ts';

const QUOTA = /quota|rate.?limit|too many requests|\b429\b|exhausted/i;
const TOO_LONG = /context (?:length|window)|too long|maximum context|exceeds? .{0,40}tokens|token limit/i;

/**
 * Why a model of the editor did not answer, with what to do. The editor tells kinds of errors by `code`; its providers only
 * by words.
 * @param name of the model, for people
 */
export function editorFault(error: unknown, name: string): ChatError {
  if (error instanceof ChatError) return error;
  const code = (error as { code?: unknown } | null)?.code;
  const cause = (error as { cause?: unknown } | null)?.cause;
  const own = error instanceof Error ? error.message : String(error);
  const said = untrustedLine(cause instanceof Error && cause.message ? cause.message : own);
  const options = { cause: error };
  if (code === 'NoPermissions')
    return new ChatError(
      'consent',
      `the editor may not use ${name} for Stratus: allow it with 'Stratus: Choose Model' (${said})`,
      options,
    );
  if (code === 'NotFound')
    return new ChatError(
      'no-model',
      `the editor does not offer ${name} any more: choose another with 'Stratus: Choose Model' (${said})`,
      options,
    );
  if (QUOTA.test(said))
    return new ChatError(
      'limited',
      `the quota of ${name} is used up: try later, or choose another model (${said})`,
      options,
    );
  if (code === 'Blocked')
    return new ChatError(
      'blocked',
      `the editor or its administrator does not let Stratus use ${name}: choose another model (${said})`,
      options,
    );
  if (TOO_LONG.test(said))
    return new ChatError(
      'too-long',
      `the request was too long for ${name}: set stratus.model.contextTokens lower (${said})`,
      options,
    );
  return new ChatError('server', `${name} failed: try again, or choose another model (${said})`, options);
}
