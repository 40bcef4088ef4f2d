/** How often servers of telemetry look, in seconds: short, so that a test sees within seconds what takes minutes elsewhere. */
export const SCRAPE_SECONDS = 5;
export const EVALUATION_SECONDS = 5;
/** A probe is a request of its own to the application. */
export const PROBE_SECONDS = 5;
/** metrics-server gives up at 10 s. */
export const RESOURCE_METRICS_SECONDS = 15;
/** An alert that Prometheus stops sending ends for Alertmanager after four times this. */
export const ALERT_RESEND_SECONDS = 10;
/** Alertmanager waits this long for alerts that belong together. */
export const ALERT_GROUP_SECONDS = 1;
