import { SETTINGS } from '../../app/observed.ts';
import { measured } from './measured.ts';

export const diskFilling = measured({
  name: 'disk-filling',
  summary: 'a journal is kept in full and hardly ever dropped: its volume fills up',
  needs: 'metrics',
  targets: ['frontend'],
  touches: () => [`configmap/${SETTINGS}`],
  async inject({ kubectl, namespace }) {
    const patch = { data: { 'journal-detail': 'full', 'journal-keep-megabytes': '4096' } };
    await kubectl.run([
      ...['patch', 'configmap', SETTINGS, '--namespace', namespace],
      ...['--type', 'merge', '--patch', JSON.stringify(patch)],
    ]);
  },
  shows: ({ namespace, target }) => {
    const of = `{namespace="${namespace}", persistentvolumeclaim="${target}-journal"}`;
    return `kubelet_volume_stats_used_bytes${of} / kubelet_volume_stats_capacity_bytes > 0.3`;
  },
});
