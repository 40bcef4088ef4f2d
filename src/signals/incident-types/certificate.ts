import { X509Certificate } from 'node:crypto';
import type { ObjectRef } from '../../domain/kube-object.ts';
import { refKey, refLabel, refOf } from '../../domain/kube-object.ts';
import type { SignalSettings } from '../../domain/signal-settings.ts';
import type { Signal, SignalLevel, SignalReading } from '../../domain/signals.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import { refTo } from '../../kube/cluster-view.ts';
import { listOf } from '../../kube/untyped-list.ts';
import { amountText } from '../../text/amount.ts';
import { oneLine } from '../../text/plain-text.ts';
import { covers, hostIn, serves } from '../identity/addressed-object.ts';
import { ServiceNames } from '../identity/service-names.ts';
import { selector, matchersOf } from '../promql.ts';
import type { Answers, Ask, IncidentType, Rule, Scene } from './incident-type.ts';
import { emptyReading, scopedSeries } from './incident-type.ts';

const PROBES = 'certificate/probes';
const ISSUED = 'certificate/issued';
const DAY_MS = 86_400_000;
const STEP_MS = 60_000;
/** As a snapshot names what cert-manager keeps. */
const CERTIFICATES = 'Certificate.cert-manager.io';
const PEM = /-----BEGIN CERTIFICATE-----[^-]{1,20000}-----END CERTIFICATE-----/;

export const certificate: IncidentType = {
  kind: 'certificate',
  title: 'Certificate about to expire',
  asks,
  judge: (answers, scene) => certificatesWithin(answers, scene, scene.settings.certificate.days, 'incident'),
  rules,
  sameMeaning: /cert.*(?:expir|renew)|(?:tls|ssl).*expir/i,
};

/** A certificate and until when it is valid. */
interface Valid {
  object: ObjectRef | null;
  others: ObjectRef[];
  /** Milliseconds since the epoch. */
  until: number;
  name: string;
  labels: Readonly<Record<string, string>>;
  query: string | null;
}

function asks({ settings, now }: Scene): Ask[] {
  const window = { from: now - 5 * STEP_MS, to: now, stepMs: STEP_MS };
  const { probeCertificateExpiry, certificateExpiry } = settings.metrics;
  return [
    { key: PROBES, query: `min by (instance) (${probeCertificateExpiry})`, window },
    { key: ISSUED, query: `min by (namespace, exported_namespace, name) (${certificateExpiry})`, window },
  ];
}

/**
 * Certificates that expire within so many days: those that probes met, that cert-manager issued, and that TLS Secrets hold
 * where these may be read. Told of in several ways, each stands once.
 */
export function certificatesWithin(answers: Answers, scene: Scene, days: number, level: SignalLevel): SignalReading {
  const reading = emptyReading();
  const all = [...ofSecrets(scene), ...ofObjects(scene), ...ofSeries(answers, scene, reading)];
  const soonest = new Map<string, Valid>();
  for (const one of all) {
    const key = one.object ? refKey(one.object) : one.name;
    const other = soonest.get(key);
    if (!other || one.until < other.until) soonest.set(key, one);
  }
  for (const one of soonest.values()) {
    const left = (one.until - scene.now) / DAY_MS;
    if (left > days) continue;
    const when = left <= 0 ? `expired ${amountText(-left, 'days')} ago` : `expires in ${amountText(left, 'days')}`;
    const signal: Signal = {
      kind: 'certificate',
      level: one.object || level === 'forecast' ? level : 'early',
      object: one.object,
      others: one.others,
      labels: one.labels,
      since: Math.min(scene.now, one.until - days * DAY_MS),
      message: oneLine(`the certificate of ${one.name} ${when}, at ${new Date(one.until).toISOString()}`),
      value: left,
      usual: null,
      threshold: days,
      unit: 'days',
      query: one.query,
      chart: null,
    };
    reading.signals.push(signal);
  }
  return reading;
}

function ofSeries(answers: Answers, scene: Scene, reading: SignalReading): Valid[] {
  const { view, settings, namespaces } = scene;
  const { probeCertificateExpiry, certificateExpiry } = settings.metrics;
  const read = (key: string, metric: string) =>
    scopedSeries(answers.get(key), 'certificate', metric, scene, reading) ?? [];
  const probed = read(PROBES, probeCertificateExpiry).flatMap(({ series }): Valid[] => {
    const until = untilOf(series.samples.at(-1)?.value);
    const target = series.labels.instance ?? '';
    const found = servedAt(view, target, namespaces);
    if (until === null) {
      const reason = oneLine(
        `${probeCertificateExpiry} of ${target} is no date: when its certificate expires is not known`,
      );
      reading.unjudged.push({ kind: 'certificate', object: found.object, reason });
      return [];
    }
    const query = selector(probeCertificateExpiry, ...matchersOf(series.labels));
    return [{ ...found, until, name: oneLine(target, 200), labels: series.labels, query }];
  });
  const issued = read(ISSUED, certificateExpiry).flatMap(({ series, labelled }): Valid[] => {
    const until = untilOf(series.samples.at(-1)?.value);
    const name = series.labels.name;
    if (until === null || !name || labelled.namespace === null) return [];
    const query = selector(certificateExpiry, ...matchersOf(series.labels));
    return [{ ...issuedAs(view, labelled.namespace, name), until, labels: series.labels, query }];
  });
  return [...probed, ...issued];
}

/** Seconds since the epoch, as exporters tell them; what is before 2000 is none. */
function untilOf(seconds: number | undefined): number | null {
  return seconds !== undefined && Number.isFinite(seconds) && seconds > 946_684_800 && seconds < 8e12
    ? seconds * 1_000
    : null;
}

function ofObjects({ view, namespaces }: Scene): Valid[] {
  return view.all(CERTIFICATES).flatMap((object): Valid[] => {
    const { namespace, name } = object.metadata;
    const until = Date.parse(String(object.status?.notAfter ?? ''));
    if (!namespace || !namespaces.includes(namespace) || Number.isNaN(until)) return [];
    return [{ ...issuedAs(view, namespace, name), until, labels: { namespace, name }, query: null }];
  });
}

/** Values of Secrets are blank where they were not asked for: then there is nothing to read. */
function ofSecrets({ view, namespaces }: Scene): Valid[] {
  return view.all('Secret').flatMap((secret): Valid[] => {
    const { namespace = '', name } = secret.metadata;
    if (secret['type'] !== 'kubernetes.io/tls' || !namespaces.includes(namespace)) return [];
    const until = validUntil(secret['data']?.['tls.crt']);
    if (until === null) return [];
    const ref = refOf(secret);
    return [{ object: ref, others: [], until, name: refLabel(ref), labels: { namespace, secret: name }, query: null }];
  });
}

/** End of the first certificate of a base64 text; null for what is none. */
export function validUntil(encoded: unknown): number | null {
  if (typeof encoded !== 'string' || encoded.length > 200_000) return null;
  const [text] = PEM.exec(Buffer.from(encoded, 'base64').toString('latin1')) ?? [];
  if (!text) return null;
  try {
    const until = Date.parse(new X509Certificate(text).validTo);
    return Number.isNaN(until) ? null : until;
  } catch {
    // Looks like a certificate and is none: nothing is known of it.
    return null;
  }
}

/** The Secret that cert-manager keeps a certificate in, else the certificate. Source: cert-manager.io, "Certificate resource". */
function issuedAs(view: ClusterView, namespace: string, name: string): Pick<Valid, 'object' | 'others' | 'name'> {
  const own = refTo('Certificate', 'cert-manager.io/v1', namespace, name);
  const wanted: unknown = view.find(CERTIFICATES, namespace, name)?.spec?.secretName;
  const secret = view
    .all('Secret', namespace)
    .find(
      ({ metadata }) => metadata.name === wanted || metadata.annotations?.['cert-manager.io/certificate-name'] === name,
    );
  return secret
    ? { object: refOf(secret), others: [own], name: refLabel(refOf(secret)) }
    : { object: own, others: [], name: refLabel(own) };
}

/** What serves a probe's target: the TLS Secret of the Ingress for its host, else the Service behind it. */
function servedAt(view: ClusterView, target: string, namespaces: readonly string[]): Pick<Valid, 'object' | 'others'> {
  const host = hostIn(target);
  for (const ingress of view.all('Ingress')) {
    if (!namespaces.includes(ingress.metadata.namespace ?? '') || !serves(ingress, host)) continue;
    const entry = listOf(ingress.spec?.tls).find((tls) =>
      listOf(tls?.hosts).some((each) => covers(String(each), host)),
    );
    const secret = entry && view.find('Secret', ingress.metadata.namespace, String(entry.secretName ?? ''));
    return secret ? { object: refOf(secret), others: [refOf(ingress)] } : { object: refOf(ingress), others: [] };
  }
  const object = ServiceNames.of(view).byHost(host, namespaces.length === 1 ? namespaces[0] : undefined);
  return { object: object && namespaces.includes(object.namespace ?? '') ? object : null, others: [] };
}

function rules(settings: SignalSettings): Rule[] {
  const { probeCertificateExpiry, certificateExpiry } = settings.metrics;
  const { days } = settings.certificate;
  const rule = (alert: string, metric: string, summary: string): Rule => ({
    alert,
    expr: `${metric} - time() <= ${days} * 86400`,
    forMs: STEP_MS,
    labels: { severity: 'warning', stratus: 'certificate' },
    annotations: { summary, description: `It expires within ${days} days: {{ $value | humanizeDuration }} are left.` },
  });
  return [
    rule(
      'StratusProbedCertificateExpires',
      probeCertificateExpiry,
      'The certificate of {{ $labels.instance }} is about to expire',
    ),
    rule(
      'StratusIssuedCertificateExpires',
      certificateExpiry,
      'Certificate {{ or $labels.exported_namespace $labels.namespace }}/{{ $labels.name }} is about to expire',
    ),
  ];
}
