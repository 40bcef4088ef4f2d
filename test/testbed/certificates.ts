import { createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';

/** A certificate and its private key, PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** Becomes the Kubernetes group. */
  readonly organization?: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Days from now to its end; a year when left out. */
  readonly days?: number;
}

const DAY_MS = 86_400_000;
const LIFETIME_DAYS = 365;

/** A self-signed certificate authority (P-256), valid for a year from a day ago. */
export function createAuthority(commonName: string): KeyedCertificate {
  const { publicKey, key } = newKey();
  const subject = name({ commonName });
  const extensions = [
    extension('2.5.29.19', true, sequence(Buffer.from([0x01, 0x01, 0xff]))),
    // keyCertSign and cRLSign.
    extension('2.5.29.15', true, der(0x03, Buffer.from([0x01, 0x06]))),
  ];
  return { certificate: certificate(subject, subject, publicKey, extensions, key, LIFETIME_DAYS), key };
}

/** A certificate for clients and servers alike, valid from a day ago, signed by `authority`. */
export function issueCertificate(authority: KeyedCertificate, request: CertificateRequest): KeyedCertificate {
  const { publicKey, key } = newKey();
  const alternatives = [
    ...(request.dnsNames ?? []).map((text) => der(0x82, Buffer.from(text, 'ascii'))),
    ...(request.ipAddresses ?? []).map((text) => der(0x87, Buffer.from(text.split('.').map(Number)))),
  ];
  const extensions = [
    // digitalSignature and keyEncipherment.
    extension('2.5.29.15', true, der(0x03, Buffer.from([0x05, 0xa0]))),
    extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))),
    ...(alternatives.length > 0 ? [extension('2.5.29.17', false, sequence(...alternatives))] : []),
  ];
  const issuer = name({ commonName: commonNameOf(authority.certificate) });
  const days = request.days ?? LIFETIME_DAYS;
  return { certificate: certificate(issuer, name(request), publicKey, extensions, authority.key, days), key };
}

/** A key pair for signing service account tokens, PEM. */
export function createSigningKey(): { publicKey: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    key: privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
  };
}

function newKey(): { publicKey: Buffer; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    key: privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
  };
}

function commonNameOf(pem: string): string {
  const match = /^CN=(.+)$/m.exec(new X509Certificate(pem).subject);
  if (!match?.[1]) throw new Error('the authority has no common name');
  return match[1];
}

/** X.509 v3 (RFC 5280), signed with ECDSA over SHA-256. */
function certificate(
  issuer: Buffer,
  subject: Buffer,
  publicKey: Buffer,
  extensions: Buffer[],
  key: string,
  days: number,
): string {
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
  const now = Date.now();
  const serial = randomBytes(16);
  // A positive number without a leading zero byte, as DER wants it.
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    issuer,
    sequence(time(now - DAY_MS), time(now + days * DAY_MS)),
    subject,
    publicKey,
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', body, createPrivateKey(key));
  const whole = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = whole.toString('base64').replace(/(.{64})(?=.)/g, '$1\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function name(request: CertificateRequest): Buffer {
  const attribute = (type: string, value: string) =>
    der(0x31, sequence(oid(type), der(0x0c, Buffer.from(value, 'utf8'))));
  return sequence(
    ...(request.organization ? [attribute('2.5.4.10', request.organization)] : []),
    attribute('2.5.4.3', request.commonName),
  );
}

function extension(type: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(type), ...(critical ? [Buffer.from([0x01, 0x01, 0xff])] : []), der(0x04, value));
}

/** UTCTime, which RFC 5280 asks for up to the year 2049. */
function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/^\d\d|[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(text, 'ascii'));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const value of rest) {
    const septets = [value & 0x7f];
    for (let left = value >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80);
    bytes.push(...septets);
  }
  return der(0x06, Buffer.from(bytes));
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function der(tag: number, content: Buffer): Buffer {
  const length: number[] = [];
  if (content.length < 0x80) length.push(content.length);
  else {
    for (let left = content.length; left > 0; left >>>= 8) length.unshift(left & 0xff);
    length.unshift(0x80 | length.length);
  }
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
