import { isTlsCode, socketWords } from '../../text/connection-words.ts';
import { oneLine } from '../../text/plain-text.ts';
import { SourceProblem } from './source-problem.ts';

/** An error of a socket, of TLS or of an HTTP parser, in the words of an engineer. */
export function connectionProblem(error: unknown, signal: AbortSignal): SourceProblem {
  if (error instanceof SourceProblem) return error;
  if (signal.aborted) return new SourceProblem('cancelled', 'was not waited for', { cause: error });
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (isTlsCode(code))
    return new SourceProblem('tls', `cannot be trusted or spoken to over TLS: ${tlsWords(code, message)}`, {
      cause: error,
    });
  if (code.startsWith('HPE_'))
    return new SourceProblem('unreachable', 'does not speak HTTP there: correct the port, or use https', {
      cause: error,
    });
  const why = socketWords(code) ?? oneLine(code || message, 100);
  return new SourceProblem('unreachable', `cannot be reached: ${why}; start it, or correct its address`, {
    cause: error,
  });
}

/** Several addresses of one name fail together. */
function codeOf(error: unknown): string {
  const { code, errors } = error as { code?: unknown; errors?: unknown[] };
  if (typeof code === 'string') return code;
  return Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : '';
}

function tlsWords(code: string, message: string): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired; renew it';
    case 'CERT_NOT_YET_VALID':
      return 'its certificate is not valid yet; check the clocks of both machines';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'its certificate is for another name; use the name that it is for';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_SIGNATURE_FAILURE':
      return 'its certificate is not signed by an authority that is known here; name the file of its authority (CA)';
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'it does not speak TLS there; use http, or correct the port';
    default:
      return `${oneLine(message, 160)}; check its certificate and the file of its authority (CA)`;
  }
}
