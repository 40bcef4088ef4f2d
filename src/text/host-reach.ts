/** Names that public DNS does not serve. */
const INSIDE = /(^[^.]+|\.(local|localdomain|internal|intranet|lan|home|home\.arpa|private|corp|svc|cluster\.local))$/;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** Host of a URL without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** @param host as {@link hostOf} gives it */
export function isLoopbackHost(host: string): boolean {
  return (
    host === 'localhost' || host.endsWith('.localhost') || host === '::1' || (IPV4.test(host) && host.startsWith('127.'))
  ); // prettier-ignore
}

/**
 * Not to be reached from the public internet (RFC 1918, 6598, 4193, link-local, names that public DNS does not serve):
 * what is sent there over plain http does not pass strangers.
 * @param host as {@link hostOf} gives it
 */
export function isPrivateHost(host: string): boolean {
  if (host.includes(':')) return /^(f[cd]|fe[89ab])/i.test(host);
  if (!IPV4.test(host)) return INSIDE.test(host.replace(/\.$/, ''));
  const [a = 0, b = 0] = host.split('.').map(Number);
  return (
    a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b < 128)
  ); // prettier-ignore
}
