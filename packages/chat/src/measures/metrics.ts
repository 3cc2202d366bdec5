/** One thing that is measured: what Prometheus will call it, and what it means. */
export interface MetricDefinition {
  /** `chat_…_total` for counters, `…_seconds` for times. */
  name: string
  /** Counters grow, gauges are set, histograms observe. */
  kind: 'counter' | 'gauge' | 'histogram'
  help: string
  /** Names of labels with few values; never ids. */
  labels?: readonly string[]
  /** Upper bounds of a histogram's buckets. */
  buckets?: readonly number[]
}

const fastSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const batchSizes = [1, 2, 4, 8, 16, 32, 64]

/** Everything that the domain tells about itself. */
export const chatMetrics = {
  operations: {
    name: 'chat_operations_total',
    kind: 'counter',
    help: 'Operations by what became of them: ok, or the code of the refusal; INTERNAL and UNAVAILABLE are faults.',
    labels: ['operation', 'outcome'],
  },
  operationSeconds: {
    name: 'chat_operation_duration_seconds',
    kind: 'histogram',
    help: 'From the door of the domain to its answer.',
    labels: ['operation'],
    buckets: fastSeconds,
  },
  messagesStored: { name: 'chat_messages_stored_total', kind: 'counter', help: 'Messages committed by sends, each once.' },
  sendBatch: {
    name: 'chat_send_batch_messages',
    kind: 'histogram',
    help: 'Sends that went to the database as one statement.',
    buckets: batchSizes,
  },
  sendsWaiting: { name: 'chat_sends_waiting', kind: 'gauge', help: 'Sends that wait for their flush.' },
  eventsPublished: {
    name: 'chat_events_published_total',
    kind: 'counter',
    help: 'Events given to Redis for all gateways.',
    labels: ['event'],
  },
  publishFailures: {
    name: 'chat_publish_failures_total',
    kind: 'counter',
    help: 'Messages that Redis did not take; the outbox keeps what matters.',
  },
  outboxRows: {
    name: 'chat_outbox_rows',
    kind: 'gauge',
    help: 'What is still to be told, in the database: the same for every process; counted to 10,000.',
  },
  outboxAgeSeconds: { name: 'chat_outbox_oldest_seconds', kind: 'gauge', help: 'Age of the oldest row of the outbox; 0 when empty.' },
  outboxStuckRows: { name: 'chat_outbox_stuck_rows', kind: 'gauge', help: 'Rows that failed three times and that nobody tries any more.' },
  outboxRelayed: { name: 'chat_outbox_relayed_total', kind: 'counter', help: 'Rows that a relay told, since their writer could not.' },
  cacheReads: { name: 'chat_cache_reads_total', kind: 'counter', help: 'Reads of cached pages.', labels: ['result'] },
  replicaReads: {
    name: 'chat_replica_reads_total',
    kind: 'counter',
    help: 'Reads that a replica served, was behind for, or failed at.',
    labels: ['result'],
  },
  rateLimited: {
    name: 'chat_rate_limited_total',
    kind: 'counter',
    help: 'Calls over the budget of their operation.',
    labels: ['operation'],
  },
  limitsCountedLocally: {
    name: 'chat_limits_counted_locally_total',
    kind: 'counter',
    help: 'Calls counted by the process for itself, since Redis did not answer.',
  },
  querySeconds: {
    name: 'chat_db_query_duration_seconds',
    kind: 'histogram',
    help: 'Statements by verb and first table, as the process waits for them.',
    labels: ['statement'],
    buckets: fastSeconds,
  },
  queryFailures: { name: 'chat_db_query_failures_total', kind: 'counter', help: 'Statements that failed.', labels: ['statement'] },
  poolConnections: {
    name: 'chat_db_pool_connections',
    kind: 'gauge',
    help: 'Connections of the pool: busy, idle; and waiting, the statements that wait for one.',
    labels: ['state'],
  },
  poolMax: { name: 'chat_db_pool_connections_max', kind: 'gauge', help: 'The most connections the pool makes.' },
  pushQueueRows: { name: 'chat_push_queue_rows', kind: 'gauge', help: 'Pushes that wait, in the database: the same for every process.' },
  pushQueueAgeSeconds: {
    name: 'chat_push_queue_oldest_seconds',
    kind: 'gauge',
    help: 'Age of the oldest push that is due; 0 when none is.',
  },
  pushes: {
    name: 'chat_pushes_total',
    kind: 'counter',
    help: 'Pushes by what FCM said: sent, unregistered, retried, failed.',
    labels: ['result'],
  },
} as const satisfies Record<string, MetricDefinition>

/** Tells a measurement: counters add `value`, gauges become it, histograms observe it. Must never throw. */
export type Tell = (value: number, labels?: Readonly<Record<string, string>>) => void

/** The functions for a table of metrics, by the same keys. */
export type MeasuresOf<T extends Record<string, MetricDefinition>> = { readonly [N in keyof T]: Tell }

/** What the domain tells its measurements to. It knows no metrics library: whoever opens it brings one, or nothing. */
export type Measures = MeasuresOf<typeof chatMetrics>

/** Measures that nobody reads. */
export function ignoreMeasures<T extends Record<string, MetricDefinition>>(metrics: T): MeasuresOf<T> {
  const ignore: Tell = () => undefined
  return Object.fromEntries(Object.keys(metrics).map((name) => [name, ignore])) as MeasuresOf<T>
}
