import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'

let registry: Server | undefined
afterEach(() => registry?.close())

/** Runs the command against a registry that answers every question in this way. */
async function check(status: number, answer: object): Promise<{ code: number | null; output: string }> {
  registry = createServer((_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
  )
  await once(registry.listen(0, '127.0.0.1'), 'listening')
  const { port } = registry.address() as AddressInfo
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  const env = { ...process.env, npm_config_registry: `http://127.0.0.1:${port}/` }
  const child = spawn(process.execPath, ['infra/local/check-supply.mjs'], { cwd: root, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

// Three processes for each answer.
const timeoutMs = 180_000

const advisory = (severity: string) => ({
  actions: [],
  muted: [],
  advisories: { 1: { id: 1, severity, module_name: 'pg', title: 'Reads minds', findings: [{ version: '8.23.1', paths: ['.>pg'] }] } },
  metadata: { vulnerabilities: { info: 0, low: 0, moderate: 0, high: 0, critical: 0, [severity]: 1 }, dependencies: 1 },
})

test(
  'a high advisory fails the check by name; a moderate one, or none, does not',
  async () => {
    const high = await check(200, advisory('high'))
    expect(high.output).toContain('Advisory (high): pg: Reads minds')
    expect(high.code).toBe(1)
    registry?.close()
    const moderate = await check(200, advisory('moderate'))
    expect(moderate.output).toContain('none that is high or critical')
    expect(moderate.code).toBe(0)
  },
  timeoutMs,
)

test(
  'a registry that does not answer is said, and fails nothing',
  async () => {
    const { code, output } = await check(405, {})
    expect(output).toContain('Advisories: could not ask')
    expect(output).toContain('Dependencies: each is used')
    expect(code).toBe(0)
  },
  timeoutMs,
)
