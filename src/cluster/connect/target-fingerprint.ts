import { createHash, X509Certificate } from 'node:crypto';
import type { ClusterEntry, ReadFile, UserEntry } from './kubeconfig.ts';

/**
 * Who and where, not with what: credentials that are renewed for the same person (certificate, JWT, cached
 * access tokens) keep the fingerprint, another person or server changes it.
 */
export async function targetFingerprint(cluster: ClusterEntry, user: UserEntry, read: ReadFile): Promise<string> {
  const authority = cluster['certificate-authority-data']
    ? Buffer.from(cluster['certificate-authority-data'], 'base64')
    : await optionalFile(cluster['certificate-authority'], read);
  const certificate = user['client-certificate-data']
    ? Buffer.from(user['client-certificate-data'], 'base64')
    : await optionalFile(user['client-certificate'], read);
  const provider = user['auth-provider'];
  const identity = [
    cluster.server.replace(/\/+$/, ''),
    authority ? sha256(authority) : '',
    cluster['insecure-skip-tls-verify'] === true,
    cluster['tls-server-name'] ?? '',
    cluster['proxy-url'] ?? '',
    user.name,
    certificate ? subjectOf(certificate) : '',
    user.token ? bearerOf(user.token) : '',
    user.tokenFile ?? '',
    user.username ?? '',
    user.password ? sha256(user.password) : '',
    [user.as ?? '', user['as-uid'] ?? '', user['as-groups'] ?? [], user['as-user-extra'] ?? {}],
    provider ? [provider.name, provider.config?.['client-id'] ?? '', provider.config?.['idp-issuer-url'] ?? ''] : [],
    user.exec ? [user.exec.command, user.exec.args ?? [], sha256(JSON.stringify(user.exec.env ?? []))] : [],
  ];
  return sha256(JSON.stringify(identity));
}

/** Unreadable files make the fingerprint differ from the readable case; connecting names the file. */
async function optionalFile(file: string | undefined, read: ReadFile): Promise<Buffer | null> {
  // Said above: another fingerprint.
  return file ? read(file).catch(() => Buffer.from(`unreadable:${file}`)) : null;
}

function subjectOf(certificate: Buffer): string {
  try {
    const { subject, issuer } = new X509Certificate(certificate);
    return `${issuer}\n${subject}`;
  } catch {
    // No certificate: whatever it is, its bytes tell whether it is the same.
    return sha256(certificate);
  }
}

function bearerOf(token: string): string {
  const claims = token.split('.')[1];
  if (claims) {
    try {
      const { iss, sub } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { iss?: string; sub?: string };
      if (iss && sub) return `${iss}\n${sub}`;
    } catch {
      // Not a JWT: an opaque token is its own identity.
    }
  }
  return sha256(token);
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
