/** What a kernel does and no program tells; read from what an exporter makes of it. */
export type KernelEvent = 'oomKills' | 'tcpRetransmits' | 'drops' | 'processExits';

export const KERNEL_EVENTS: readonly KernelEvent[] = ['oomKills', 'tcpRetransmits', 'drops', 'processExits'];

/** Counters that tell of each, by name or as a selector (`name{label="value"}`). All are asked; what is not there does no harm. */
export type KernelMetrics = Readonly<Record<KernelEvent, readonly string[]>>;

/** As it is told to people, after which a rate stands. */
export const KERNEL_EVENT_TEXT: Readonly<Record<KernelEvent, string>> = {
  oomKills: 'processes killed for want of memory',
  tcpRetransmits: 'TCP segments sent again',
  drops: 'network packets dropped',
  processExits: 'processes ended by a signal',
};

/**
 * Of node-exporter (vmstat, netstat and netdev collectors), the kubelet's cAdvisor, and exporters of eBPF programs that name
 * their counters `kernel_…`.
 */
export const DEFAULT_KERNEL_METRICS: KernelMetrics = {
  oomKills: ['node_vmstat_oom_kill', 'container_oom_events_total', 'kernel_oom_kills_total'],
  tcpRetransmits: ['node_netstat_Tcp_RetransSegs', 'kernel_tcp_retransmits_total'],
  drops: [
    'node_network_receive_drop_total',
    'node_network_transmit_drop_total',
    'container_network_receive_packets_dropped_total',
    'container_network_transmit_packets_dropped_total',
  ],
  processExits: ['kernel_process_exits_total{signal!="0"}'],
};

/** A metric's name, with label matchers or without. */
export const KERNEL_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]{0,199}(?:\{[^{}\n]{0,400}\})?$/;
