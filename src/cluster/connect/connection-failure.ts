import { UpstreamError } from '../../gateway/wire/upstream.ts';
import { isTlsCode, socketWords } from '../../text/connection-words.ts';
import { oneLine } from '../../text/plain-text.ts';

/**
 * A socket or TLS error in the words of an engineer: one line, with what to do.
 * @param at `connected`: the request may have been sent. `route`: server and proxy, for the message.
 */
export function connectionFailure(
  error: NodeJS.ErrnoException,
  at: { connected: boolean; aborted: boolean; route: string },
): UpstreamError {
  const { connected, route } = at;
  if (at.aborted) return new UpstreamError('aborted', 'the request was cancelled', connected);
  const code = error.code ?? '';
  if (!connected && isTlsCode(code)) {
    return new UpstreamError('tls', `TLS with ${route} failed: ${tlsAdvice(code, error.message)}`, false);
  }
  const why = oneLine(socketWords(code) ?? error.message, 200);
  const advice = connected ? 'try again' : 'check the server address, VPN or proxy, and that the cluster runs';
  return new UpstreamError('unreachable', `the API server ${route} cannot be reached: ${why}; ${advice}`, connected);
}

function tlsAdvice(code: string, message: string): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return 'the server certificate has expired; renew it on the cluster';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'the server certificate is for another name; correct the server address or set tls-server-name';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_SIGNATURE_FAILURE':
      return 'the server certificate is not signed by the certificate authority in the kubeconfig; fetch the kubeconfig anew';
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'the server does not speak TLS there; check the port and the proxy';
    default:
      return `${oneLine(message, 160)}; check the certificate authority and the user certificate in the kubeconfig`;
  }
}
