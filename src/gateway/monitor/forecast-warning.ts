import { refLabel } from '../../domain/kube-object.ts';
import type { UndoForecast } from '../../domain/transaction.ts';
import type { GatewayResponse } from '../wire/messages.ts';
import type { WriteSubject } from '../write/write-subject.ts';
import { oneLine } from '../../text/plain-text.ts';

const LONGEST = 600;

/**
 * Adds what the undo of a write will not bring back to its answer, as a warning header (RFC 7234, section 5.5; clients of
 * Kubernetes show them since 1.19). Whoever writes without a rehearsal learns it this way. Exact writes add nothing.
 */
export function withForecast(
  response: GatewayResponse,
  subject: WriteSubject,
  forecast: UndoForecast,
): GatewayResponse {
  if (forecast.class === 'exact') return response;
  const text = `Stratus: undo of ${refLabel(subject.ref)}: ${forecast.class}: ${forecast.residue.join('; ')}`;
  // A header field holds printable ASCII only; a quote or backslash would end or escape the text.
  const plain = oneLine(text, LONGEST)
    .replace(/[^\x20-\x7e]/g, '?')
    .replace(/["\\]/g, "'");
  const warning = [response.headers.warning, `299 - "${plain}"`].filter(Boolean).join(', ');
  return { ...response, headers: { ...response.headers, warning } };
}
