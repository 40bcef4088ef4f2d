import { TLS_SECRET, tlsSecretData } from '../../app/observed.ts';
import { measured } from './measured.ts';

const DAYS_LEFT = [5, 2, 9];

export const certificateNearExpiry = measured({
  name: 'certificate-near-expiry',
  summary: 'a TLS Secret holds a certificate that ends in a few days',
  needs: 'metrics',
  targets: [TLS_SECRET],
  touches: (target) => [`secret/${target}`],
  async inject({ kubectl, namespace, target, pick }) {
    const { stringData } = tlsSecretData(pick(DAYS_LEFT));
    const patch = JSON.stringify({ stringData });
    await kubectl.run(['patch', 'secret', target, '--namespace', namespace, '--type', 'merge', '--patch', patch]);
  },
  shows: ({ namespace, target }) =>
    `probe_ssl_earliest_cert_expiry{namespace="${namespace}", service="${target}"} - time() < 14 * 86400`,
});
