import { describe, expect, it } from 'vitest';
import type { ClusterScope } from '../../../../src/telemetry/clusters/cluster-reading.ts';
import { scopeOf } from '../../../../src/telemetry/clusters/cluster-reading.ts';
import { restricted } from '../../../../src/telemetry/clusters/one-cluster-metrics.ts';
import { parseCluster } from '../../../../src/telemetry/settings/cluster-setting.ts';
import type { ClusterSetting } from '../../../../src/telemetry/settings/cluster-setting.ts';
import { family, marked } from '../../../support/telemetry/held-clusters.ts';

const EU = { cluster: 'eu' };
const US = { cluster: 'us' };
const BOTH = [...family('kube_node_info', EU, US), ...family('machine_cpu_cores', EU, US)];
const OURS = marked('own_pod', EU);
const setting = (text: string) => parseCluster(text) as ClusterSetting;
const scope = (census = BOTH, marks = OURS, text?: string): ClusterScope =>
  scopeOf('Thanos', { census, marks }, text === undefined ? undefined : setting(text));
/** What becomes of a query of exporters, of traces and of programs. */
const asked = (found: ClusterScope) =>
  ['kube_pod_info', 'traces_span_metrics_calls_total', 'http_requests_total'].map((metric) => {
    const own = restricted(metric, found);
    return typeof own === 'string' ? own.slice(metric.length) : 'unknown';
  });
const reasonOf = (found: ClusterScope) => (found.state === 'unknown' ? found.reason : found.state);

describe('a server of one cluster', () => {
  it('without a label, or with one value of it, is read whole', () => {
    expect(scope(family('kube_node_info', {}), marked('own_pod', {}))).toMatchObject({ state: 'whole', isOurs: true });
    const labelled = scope(family('kube_node_info', EU), OURS);
    expect(labelled).toMatchObject({ state: 'whole', isOurs: true });
    expect([...labelled.known]).toEqual([['cluster', 'eu']]);
    // Nothing proves it, and nothing speaks against it: as ever.
    expect(scope(family('kube_node_info', EU), [])).toMatchObject({ state: 'whole', isOurs: false });
    expect(scope([], [])).toMatchObject({ state: 'whole', isOurs: false });
  });

  it('of which only some exporters have the label is one all the same', () => {
    const census = [...family('kube_node_info', EU), ...family('node_uname_info', {})];
    expect(scope(census, OURS).state).toBe('whole');
  });

  it('in which programs mean something else by such a label is one', () => {
    const kafka = { cluster: 'orders', cluster_name: 'kafka-a' };
    const census = [
      ...family('kube_node_info', {}),
      ...family('up', {}, kafka),
      ...family('http_requests_total', {}, kafka),
    ];
    expect(scope(census, marked('own_pod', {})).state).toBe('whole');
  });

  it('is not ours where its pods or nodes of our names have other uids', () => {
    const census = family('kube_node_info', US);
    expect(reasonOf(scope(census, marked('twin_pod', US)))).toBe(
      "Thanos has pods of the same names as this cluster's, and their uids say that they are another cluster's: give --telemetry-cluster LABEL=VALUE, or * if that is wrong",
    );
    expect(reasonOf(scope(census, marked('twin_node', US)))).toMatch(/has nodes of the same names/);
    expect(reasonOf(scope(census, marked('stranger_node', US)))).toBe(
      'Thanos tells of nodes none of which is of this cluster: give --telemetry-cluster LABEL=VALUE, or * if that is wrong',
    );
    // Nodes that have just come are strangers beside our own.
    expect(scope(census, [...marked('own_node', US), ...marked('stranger_node', US)]).state).toBe('whole');
  });

  it('that no label tells from another is several where names are there twice', () => {
    expect(
      reasonOf(scope(family('kube_node_info', {}), [...marked('own_pod', {}), ...marked('twin_pod', {})])),
    ).toMatch(
      /^Thanos holds several clusters: it has pods of the same names as this cluster's with other uids, and no known label/,
    );
  });
});

describe('a server of several clusters', () => {
  it('is read in part where uids tell which is ours', () => {
    const found = scope();
    expect(found).toMatchObject({ state: 'part', seen: 'cluster: eu, us' });
    expect(asked(found)).toEqual(Array(3).fill('{cluster="eu"}'));
    expect([...found.known]).toEqual([['cluster', 'eu']]);
    expect(asked(scope(BOTH, marked('own_container', EU)))[0]).toBe('{cluster="eu"}');
    expect(asked(scope(BOTH, marked('own_node', EU)))[0]).toBe('{cluster="eu"}');
    expect(asked(scope(BOTH, marked('own_target', EU)))[0]).toBe('{cluster="eu"}');
  });

  it('is read where it has no label, if that is ours', () => {
    const census = family('kube_node_info', {}, US);
    expect(asked(scope(census, marked('own_pod', {})))).toEqual(Array(3).fill('{cluster=""}'));
    expect(reasonOf(scope(census, []))).toMatch(
      /^Thanos holds several clusters \(cluster: without, us\), and none of it/,
    );
  });

  it('is unknown where nothing of ours is certain, and says what was seen and what to set', () => {
    expect(reasonOf(scope(BOTH, []))).toBe(
      'Thanos holds several clusters (cluster: eu, us), and none of it can be shown to be of this cluster: give --telemetry-cluster LABEL=VALUE',
    );
    // Pods of the same name are no proof.
    expect(reasonOf(scope(BOTH, marked('twin_pod', EU)))).toMatch(/none of it can be shown/);
    expect(asked(scope(BOTH, []))).toEqual(Array(3).fill('unknown'));
  });

  it('is unknown while ours has two values, as after a restart with another label', () => {
    const renamed = { cluster: 'eu-1' };
    const census = family('kube_node_info', EU, renamed, US);
    expect(reasonOf(scope(census, marked('own_pod', EU, renamed)))).toMatch(
      /\(cluster: eu, eu-1, us\), and series of pods of this cluster have several of these values/,
    );
    expect(asked(scope(census, marked('own_pod', renamed)))[0]).toBe('{cluster="eu-1"}');
  });

  it('believes pods before nodes: machines may be shared', () => {
    expect(asked(scope(BOTH, [...OURS, ...marked('own_node', EU, US)]))[0]).toBe('{cluster="eu"}');
    expect(reasonOf(scope(BOTH, marked('own_node', EU, US)))).toMatch(/have several of these values/);
  });

  it('that share the value of a label are told apart by another, or not at all', () => {
    const [a, b] = [
      { cluster: 'prod', cluster_id: 'a' },
      { cluster: 'prod', cluster_id: 'b' },
    ];
    const census = family('kube_node_info', a, b, { cluster: 'dev', cluster_id: 'c' });
    expect(asked(scope(census, marked('own_pod', a)))[0]).toBe('{cluster="prod",cluster_id="a"}');
    const alike = family('kube_node_info', { cluster: 'prod' }, { cluster: 'dev' });
    expect(
      reasonOf(scope(alike, [...marked('own_pod', { cluster: 'prod' }), ...marked('twin_node', { cluster: 'prod' })])),
    ).toMatch(/^Thanos holds several clusters under cluster="prod": it has nodes of the same names/);
    // Those of another value do no harm.
    expect(
      asked(scope(alike, [...marked('own_pod', { cluster: 'prod' }), ...marked('twin_node', { cluster: 'dev' })]))[0],
    ).toBe('{cluster="prod"}');
  });

  it('needs one label only where both say the same', () => {
    const two = (name: string) => ({ cluster: name, cluster_name: name });
    expect(asked(scope(family('kube_node_info', two('eu'), two('us')), marked('own_pod', two('eu'))))[0]).toBe(
      '{cluster="eu"}',
    );
  });

  it('whose traces have labels of their own are told apart by what is known of these', () => {
    const otel = (name: string) => ({ k8s_cluster_name: name });
    const spans = family('traces_span_metrics_calls_total', otel('eu-west'), otel('us-east'));
    const target = marked('own_target', otel('eu-west'));
    expect(asked(scope([...BOTH, ...spans], [...OURS, ...target]))).toEqual([
      '{cluster="eu"}',
      '{k8s_cluster_name="eu-west"}',
      '{cluster="eu"}',
    ]);
    expect(asked(scope([...BOTH, ...spans], OURS))).toEqual(['{cluster="eu"}', 'unknown', '{cluster="eu"}']);
    // Exporters of one cluster beside traces of several.
    const one = scope([...family('kube_node_info', {}), ...spans], marked('own_pod', {}));
    expect(asked(one)).toEqual(['', 'unknown', '']);
    expect(restricted('traces_span_metrics_calls_total', one)).toEqual({
      unknown:
        'Thanos holds metrics of traces of several clusters (k8s_cluster_name: eu-west, us-east), and which is this one is not known: give --telemetry-cluster LABEL=VALUE',
    });
  });

  it('whose programs name it unmistakably are told apart by that', () => {
    const census = [
      ...family('kube_node_info', {}),
      ...family('http_requests_total', { k8s_cluster_name: 'a' }, { k8s_cluster_name: 'b' }),
    ];
    expect(asked(scope(census, marked('own_pod', {})))).toEqual(['', '', 'unknown']);
  });

  it('that nothing but `up` tells apart are several, too', () => {
    expect(reasonOf(scope(family('up', EU, US), []))).toMatch(/several clusters \(cluster: eu, us\)/);
  });
});

describe('a cluster that the settings name', () => {
  it('is read, whatever else is there', () => {
    expect(asked(scope(BOTH, [], 'cluster=us'))).toEqual(Array(3).fill('{cluster="us"}'));
    expect(asked(scope(family('kube_node_info', { site: 'x' }, { site: 'y' }), [], 'site=x'))[0]).toBe('{site="x"}');
    expect(asked(scope(family('kube_node_info', {}, US), [], 'cluster='))[0]).toBe('{cluster=""}');
    // Nothing but traces has it.
    const spans = family('traces_span_metrics_calls_total', EU, US);
    expect(asked(scope([...family('kube_node_info', {}), ...spans], [], 'cluster=eu'))).toEqual([
      '',
      '{cluster="eu"}',
      '',
    ]);
  });

  it('may be found out by another label', () => {
    const census = family('kube_node_info', { site: 'x' }, { site: 'y' });
    expect(scope(census, [])).toMatchObject({ state: 'whole' });
    expect(asked(scope(census, marked('own_pod', { site: 'y' }), 'site'))[0]).toBe('{site="y"}');
    expect(reasonOf(scope(census, [], 'site'))).toMatch(/several clusters \(site: x, y\)/);
  });

  it('is not read where uids say that it is another', () => {
    expect(reasonOf(scope(BOTH, OURS, 'cluster=us'))).toBe(
      'Thanos: pods of this cluster have cluster="eu" there, not cluster="us" as the settings say',
    );
    expect(reasonOf(scope(BOTH, marked('stranger_node', US), 'cluster=us'))).toMatch(
      /^Thanos tells of nodes under cluster="us" none of which is of this cluster/,
    );
    expect(reasonOf(scope(family('kube_node_info', {}, US), marked('own_pod', {}), 'cluster=us'))).toMatch(
      /have cluster="" there/,
    );
  });

  it('with a label that nothing has is told', () => {
    expect(reasonOf(scope(BOTH, OURS, 'site=x'))).toBe(
      'Thanos has nothing with site="x": no series that was looked at has the label site',
    );
  });
});

describe('labels of others', () => {
  it('are one string of a query, whatever they hold, and bounded where they are shown', () => {
    const wild = { cluster: '"} or up{x="\\' };
    const found = scope(family('kube_node_info', wild, { cluster: 'x'.repeat(1_000) }), marked('own_pod', wild));
    expect(restricted('up', found)).toBe(String.raw`up{cluster="\"} or up{x=\"\\"}`);
    const many = family(
      'kube_node_info',
      ...Array.from({ length: 10_000 }, (_, at) => ({ cluster: `c${at}-${'y'.repeat(900)}` })),
    );
    const told = reasonOf(scope(many, []));
    expect(told.length).toBeLessThan(600);
    expect(told).toContain('and more');
  });
});

describe('the cluster of a setting', () => {
  it.each([
    ['cluster=eu', { all: false, label: 'cluster', value: 'eu' }],
    [' cluster = a=b "c" ', { all: false, label: 'cluster', value: 'a=b "c"' }],
    ['site', { all: false, label: 'site' }],
    ['cluster=', { all: false, label: 'cluster', value: '' }],
    ['*', { all: true }],
  ])('%j', (text, expected) => {
    expect(parseCluster(text)).toEqual(expected);
  });

  it.each(['', '=x', 'a b=c', 'a-b=c', '{cluster="eu"}', `cluster=${'x'.repeat(201)}`, 'cluster=a\nb'])(
    '%j is refused',
    (text) => {
      expect(parseCluster(text)).toMatch(/LABEL=VALUE|one line/);
    },
  );
});
