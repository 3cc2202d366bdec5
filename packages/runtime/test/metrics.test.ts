import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { openMetrics } from '../src/index.js'

const table = {
  sent: { name: 'sample_sent_total', kind: 'counter', help: 'Sent.', labels: ['result'] },
  waiting: { name: 'sample_waiting', kind: 'gauge', help: 'Waiting.' },
} as const

test('what a table declares is told, also before anything happened; what is read is read when somebody looks', async () => {
  const metrics = openMetrics('sample', 'abc')
  const measures = metrics.measure(table)
  metrics.onScrape(() => measures.waiting(7))
  expect(await metrics.text()).toMatch(/^# TYPE sample_sent_total counter$/m)
  measures.sent(2, { result: 'ok' })
  const page = await metrics.text()
  expect(page).toContain('sample_sent_total{result="ok",service="sample"} 2')
  expect(page).toContain('sample_waiting{service="sample"} 7')
  expect(page).toMatch(/^chat_build_info\{.*revision="abc".*\} 1$/m)
})

test('a source that fails or never answers keeps nobody from the rest', async () => {
  const metrics = openMetrics('sample')
  const { waiting } = metrics.measure(table)
  metrics.onScrape(() => Promise.reject(new Error('no')))
  metrics.onScrape(() => new Promise(() => undefined))
  metrics.onScrape(() => waiting(1))
  expect(await metrics.text()).toContain('sample_waiting{service="sample"} 1')
})

test('the page has a port of its own with nothing else on it; one that is taken is named as METRICS_PORT', async () => {
  const metrics = openMetrics('sample')
  const server = await metrics.listen('127.0.0.1', 0)
  const url = `http://127.0.0.1:${server.port}`
  expect((await fetch(`${url}/metrics`)).headers.get('content-type')).toContain('text/plain')
  expect((await fetch(`${url}/`)).status).toBe(404)
  await server.close()

  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  await expect(metrics.listen('127.0.0.1', port)).rejects.toThrow(`METRICS_PORT: port ${port} is already in use`)
  other.close()
})
