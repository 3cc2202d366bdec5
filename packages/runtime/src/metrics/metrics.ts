import { createRequire } from 'node:module'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Redis } from 'ioredis'
import { serveMetrics, type MetricsServer } from './serve-metrics.js'

/** One thing that is measured, as whoever measures it declares it. */
export interface MetricDefinition {
  name: string
  kind: 'counter' | 'gauge' | 'histogram'
  help: string
  labels?: readonly string[]
  buckets?: readonly number[]
}

/** Counters add `value`, gauges become it, histograms observe it. */
export type Tell = (value: number, labels?: Readonly<Record<string, string>>) => void
export type MeasuresOf<T extends Record<string, MetricDefinition>> = { readonly [N in keyof T]: Tell }

/** What one service tells Prometheus. Several may live in one process. */
export interface Metrics {
  /** Declares metrics; what it gives tells them, by the same keys. */
  measure<T extends Record<string, MetricDefinition>>(table: T): MeasuresOf<T>
  /** Tells whether these connections are there, by their purpose. */
  watchRedis(clients: Readonly<Record<string, Redis>>): void
  /** Is called before each answer, to tell what is read rather than told; one that takes over a second is not waited for. */
  onScrape(collect: () => void | Promise<void>): void
  /** The page, in Prometheus' text format. */
  text(): Promise<string>
  /** Answers `GET /metrics`, and nothing else, on a port of its own; 0 takes a free one. Rejects when the port is taken. */
  listen(host: string, port: number): Promise<MetricsServer>
}

const collectTimeoutMs = 1000

/** Opens the metrics of a service, with those of its process: memory, event loop, garbage collection, build. */
export function openMetrics(service: string, revision = ''): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  tellBuild(registry, revision)
  const collectors: (() => void | Promise<void>)[] = []

  async function text(): Promise<string> {
    await Promise.all(collectors.map(inTime))
    return registry.metrics()
  }

  return {
    measure: (table) => measure(registry, table),
    watchRedis: (clients) => watchRedis(registry, clients),
    onScrape: (collect) => void collectors.push(collect),
    text,
    listen: (host, port) => serveMetrics({ host, port, contentType: registry.contentType, text }),
  }
}

function measure<T extends Record<string, MetricDefinition>>(registry: Registry, table: T): MeasuresOf<T> {
  const entries = Object.entries(table).map(([key, definition]) => [key, tellWith(registry, definition)])
  return Object.fromEntries(entries) as MeasuresOf<T>
}

function tellWith(registry: Registry, { name, kind, help, labels = [], buckets }: MetricDefinition): Tell {
  const shape = { name, help, labelNames: [...labels], registers: [registry] }
  switch (kind) {
    case 'counter': {
      const counter = new Counter(shape)
      return (value, given = {}) => counter.inc(given, value)
    }
    case 'gauge': {
      const gauge = new Gauge(shape)
      return (value, given = {}) => gauge.set(given, value)
    }
    case 'histogram': {
      const histogram = new Histogram({ ...shape, ...(buckets && { buckets: [...buckets] }) })
      return (value, given = {}) => histogram.observe(given, value)
    }
    default:
      return kind satisfies never
  }
}

function watchRedis(registry: Registry, clients: Readonly<Record<string, Redis>>): void {
  new Gauge({
    name: 'chat_redis_up',
    help: 'Whether the connection to Redis is there, by what it is for.',
    labelNames: ['purpose'],
    registers: [registry],
    collect() {
      for (const [purpose, { status }] of Object.entries(clients)) this.set({ purpose }, status === 'ready' ? 1 : 0)
    },
  })
}

function tellBuild(registry: Registry, revision: string): void {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }
  const gauge = new Gauge({
    name: 'chat_build_info',
    help: 'Always 1: which version runs, on which Node.',
    labelNames: ['version', 'revision', 'node'],
    registers: [registry],
  })
  gauge.set({ version, revision, node: process.versions.node }, 1)
}

async function inTime(collect: () => void | Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, collectTimeoutMs)))
  await Promise.race([Promise.resolve().then(collect), late]).catch(() => undefined)
  clearTimeout(timer)
}
