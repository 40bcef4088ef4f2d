/** What the API server says when it answers by itself. */
export interface ApiStatus {
  reason?: string;
  message?: string;
}

/** The error object of the API server that a text is; null for every other text. */
export function apiStatus(text: string): ApiStatus | null {
  if (!text.startsWith('{') || !text.includes('"Status"')) return null;
  try {
    const value = JSON.parse(text) as { kind?: unknown; apiVersion?: unknown; reason?: unknown; message?: unknown };
    if (value.kind !== 'Status' || value.apiVersion !== 'v1') return null;
    const { reason, message } = value;
    return {
      ...(typeof reason === 'string' ? { reason } : {}),
      ...(typeof message === 'string' ? { message } : {}),
    };
  } catch {
    // No Status of the API server: somebody else's text.
    return null;
  }
}
