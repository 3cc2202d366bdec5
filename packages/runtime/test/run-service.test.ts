import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'

const SERVICE = fileURLToPath(new URL('./fixtures/service.mjs', import.meta.url))
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

describe('a running service', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('stops and ends with status 0 on %s', async (signal) => {
    const service = run()
    await service.prints('started')
    service.child.kill(signal)
    expect(await service.ends()).toMatchObject({ status: 0, stdout: expect.stringContaining('stopped') })
  })

  test('stops when its parent is gone', async () => {
    const service = run()
    await service.prints('started')
    service.child.disconnect()
    expect(await service.ends()).toMatchObject({ status: 0, stdout: expect.stringContaining('stopped') })
  })

  test.each([
    ['throws', 'unforeseen'],
    ['rejects', 'forgotten'],
  ])('an error nobody caught (%s) is logged as fatal, and it stops with status 1', async (mode, message) => {
    const { status, stdout } = await run({ MODE: mode }).ends()
    expect(status).toBe(1)
    expect(stdout).toMatch(new RegExp(`"level":"fatal".*${message}`))
    expect(stdout).toContain('stopped')
  })

  test('a stop that hangs ends with status 1 after its time', async () => {
    const service = run({ MODE: 'hangs' })
    await service.prints('started')
    service.child.kill('SIGTERM')
    expect(await service.ends()).toMatchObject({ status: 1, stdout: expect.stringContaining('killed by timeout (500ms)') })
  })
})

describe('a failed start', () => {
  test('for its configuration prints one line per problem and no stack', async () => {
    const { status, stdout, stderr } = await run({ MODE: 'config', JWT_SECRET: 'x', REDIS_URL: 'redis://r', PORT: '-1' }).ends()
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toBe('DATABASE_URL: is missing\nPORT: must be an integer from 0 to 65535, but is "-1"\n')
  })

  test('for an occupied port says so in one sentence', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const { status, stderr } = await run({ PORT: String(port) }).ends()
    other.close()
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `sample: port ${port} is already in use; stop what runs there or set PORT to another one\n`,
    })
  })

  test('for anything else is logged as fatal', async () => {
    const { status, stdout } = await run({ MODE: 'broken-start' }).ends()
    expect(status).toBe(1)
    expect(stdout).toMatch(/"level":"fatal".*no store/)
  })
})

function run(env: Record<string, string> = {}) {
  const child = fork(SERVICE, { env, silent: true })
  children.push(child)
  const printed = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk) => (printed.stdout += String(chunk)))
  child.stderr?.on('data', (chunk) => (printed.stderr += String(chunk)))
  return {
    child,
    async prints(text: string) {
      while (!printed.stdout.includes(text) && child.stdout) await once(child.stdout, 'data')
    },
    async ends() {
      // Not `close`: a child whose channel was disconnected never emits it.
      const [[status]] = await Promise.all([once(child, 'exit'), ended(child.stdout), ended(child.stderr)])
      return { status: status as number | null, ...printed }
    },
  }
}

async function ended(stream: Readable | null): Promise<void> {
  if (stream && !stream.readableEnded) await once(stream, 'end')
}
