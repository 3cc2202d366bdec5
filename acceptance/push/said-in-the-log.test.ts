import { eventually, type Person } from '@viatra-chat/testkit'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../operations/free-port.js'
import { readMetrics, sumOf } from '../operations/read-metrics.js'
import { spawnService, type SpawnedService } from '../operations/spawn-service.js'
import { startPushWorld, type PushWorld } from './push-world.js'

let push: PushWorld
let admin: Person
beforeAll(async () => {
  push = await startPushWorld({ PUSH_WORKER: 'off' })
  admin = await push.world.person('Root', { role: 'admin' })
})
afterAll(() => push.close())

async function spawnWorker(env: Record<string, string> = {}): Promise<SpawnedService> {
  const worker = await spawnService('api', push.world, { ...push.fcm.env, PUSH_BADGE_UPDATES: 'off', LOG_LEVEL: 'debug', ...env })
  onTestFinished(async () => void (await worker.stop()))
  return worker
}

test('that Google does not take the credentials is one error, however often it is tried, and each try counts', async () => {
  const metricsPort = String(await freePort())
  push.fcm.trust(false)
  onTestFinished(() => push.fcm.trust(true))
  const worker = await spawnWorker({ METRICS_PORT: metricsPort })
  const { ann, bob, conversation } = await push.world.twoPeople()
  const token = await push.device(bob)
  await ann.send(conversation, 'hello')
  const tries = async () => sumOf(await readMetrics(`http://127.0.0.1:${metricsPort}/metrics`), 'chat_pushes_total', { result: 'retried' })
  await eventually(async () => expect(await tries()).toBeGreaterThan(1), 20_000)
  const errors = worker.lines.filter(({ level }) => level === 'error')
  expect(errors).toMatchObject([{ code: 'app/invalid-credential', msg: expect.stringContaining('credentials') as string }])
  push.fcm.trust(true)
  await push.gets(token, 1)
})

test('what FCM answers is logged without the token that it names', async () => {
  const worker = await spawnWorker()
  const { ann, bob, conversation } = await push.world.twoPeople()
  const token = await push.device(bob)
  const answers = [{ status: 429, code: 'QUOTA_EXCEEDED', message: `Too many messages to ${token}` }]
  push.fcm.answer((message) => (message.token === token ? (answers.shift() ?? 'ok') : 'ok'))
  const message = await ann.send(conversation, 'hello')
  const line = await worker.says(({ msg }) => msg === 'FCM asks to slow down: pushes wait')
  expect(line['detail']).toBe('Too many messages to …')
  await push.gets(token, 1)
  await eventually(async () => expect(await push.outcomes(admin, message, bob)).toEqual(['queued', 'sent']))
  expect(JSON.stringify(worker.lines)).not.toContain(token)
})

test.each([
  ['is not JSON', '-----BEGIN PRIVATE KEY-----\nSECRET'],
  ['is broken JSON', '{"private_key": SECRET}'],
  ['has a broken key', JSON.stringify({ client_email: 'a@b.example', private_key: '-----BEGIN PRIVATE KEY-----\nSECRET' })],
  ['has no key', '{}'],
])('a service account whose file %s stops the start with a line that shows nothing of it', async (_what, content) => {
  const folder = await mkdtemp(join(tmpdir(), 'account-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'account.json'), content)
  const main = fileURLToPath(new URL('main.js', import.meta.resolve('@viatra-chat/api')))
  const { databaseUrl: DATABASE_URL, redisUrl: REDIS_URL } = push.world.config
  const env = { ...{ PATH: process.env.PATH, DATABASE_URL, REDIS_URL, JWT_SECRET: push.world.secret, PORT: '0' }, ...push.fcm.env }
  const api = spawn(process.execPath, [main], { env: { ...env, FIREBASE_PRIVATE_KEY_PATH: join(folder, 'account.json') } })
  const [[status], ...printed] = await Promise.all([once(api, 'exit'), text(api.stdout), text(api.stderr)])
  expect(status).toBe(1)
  expect(printed.join('')).toContain('FIREBASE_PRIVATE_KEY_PATH')
  expect(printed.join('')).not.toMatch(/SECRET|BEGIN PR/)
})
