import type * as vscode from 'vscode';

/** A signal that fires with the token. */
export function abortedBy(token: vscode.CancellationToken): AbortSignal {
  const abort = new AbortController();
  const stop = () => abort.abort(new Error('cancelled'));
  if (token.isCancellationRequested) stop();
  else token.onCancellationRequested(stop);
  return abort.signal;
}
