import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { createAuthority, issueCertificate } from '../../testbed/certificates.ts';
import { kubeconfigText } from '../../testbed/kubeconfig.ts';

const authority = createAuthority('test-authority');
const issued = issueCertificate(authority, {
  commonName: 'someone',
  organization: 'system:masters',
  dnsNames: ['localhost', 'kubernetes.default.svc'],
  ipAddresses: ['127.0.0.1', '198.18.240.1'],
});

it('issues certificates that its authority, and only that, vouches for', () => {
  const root = new X509Certificate(authority.certificate);
  const leaf = new X509Certificate(issued.certificate);
  expect(root.ca).toBe(true);
  expect(leaf.ca).toBe(false);
  expect(leaf.checkIssued(root)).toBe(true);
  expect(leaf.verify(root.publicKey)).toBe(true);
  expect(leaf.verify(new X509Certificate(createAuthority('test-authority').certificate).publicKey)).toBe(false);
  expect(leaf.checkPrivateKey(createPrivateKey(issued.key))).toBe(true);
});

it('names user, group and addresses as Kubernetes reads them', () => {
  const leaf = new X509Certificate(issued.certificate);
  expect(leaf.subject).toBe('O=system:masters\nCN=someone');
  expect(leaf.checkHost('kubernetes.default.svc')).toBe('kubernetes.default.svc');
  expect(leaf.checkIP('198.18.240.1')).toBe('198.18.240.1');
  expect(leaf.checkIP('198.18.240.2')).toBeUndefined();
  expect(leaf.validFromDate.getTime()).toBeLessThan(Date.now());
  expect(leaf.validToDate.getTime()).toBeGreaterThan(Date.now());
});

it('writes a kubeconfig that needs no other file', () => {
  const text = kubeconfigText({
    name: 'stratus-testbed-x',
    server: 'https://198.18.0.1:21000',
    authority: authority.certificate,
    identity: issued,
  });
  const config = parse(text);
  expect(config['current-context']).toBe('stratus-testbed-x');
  expect(config.contexts).toEqual([
    { name: 'stratus-testbed-x', context: { cluster: 'stratus-testbed-x', user: 'stratus-testbed-x' } },
  ]);
  expect(config.clusters[0].cluster.server).toBe('https://198.18.0.1:21000');
  const decoded = (value: string) => Buffer.from(value, 'base64').toString();
  expect(decoded(config.clusters[0].cluster['certificate-authority-data'])).toBe(authority.certificate);
  expect(decoded(config.users[0].user['client-certificate-data'])).toBe(issued.certificate);
  expect(decoded(config.users[0].user['client-key-data'])).toBe(issued.key);
});
