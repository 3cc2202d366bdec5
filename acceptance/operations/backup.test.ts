import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { SyncPage } from '@viatra-chat/contract'
import { findDebianProgram } from '@viatra-chat/local/stores'
import { eventually, spawnService, startWorld, type World } from '@viatra-chat/testkit'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCommand } from '../duties/command.js'

const run = promisify(execFile)
const script = (name: string) => fileURLToPath(new URL(`../../infra/operations/${name}`, import.meta.url))

let world: World
let folder: string
const cleanups: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  world = await startWorld()
  folder = await mkdtemp(join(tmpdir(), 'viatra-backup-'))
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
  await rm(folder, { recursive: true, force: true })
  await world.close()
})

test('the drill: what was backed up while it was written to is restored, served, and goes on', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const first = await ann.send(conversation, 'before the backup')
  await bob.rest('POST', `/api/v1/chat/conversations/${conversation.id}/read`, { message_ids: [first.id] })
  const { next } = (await bob.rest<SyncPage>('GET', '/api/v1/chat/sync')).data
  // As if the database had lived for long: its transactions have numbers that the restored one will not reach for years.
  await world.database.query(`update messages set changed_xid = '900000000000'; update conversations set changed_xid = '900000000000'`)
  await world.database.query(`update chat_database set xid_offset = 900000000000`)

  const file = join(folder, 'chat.dump')
  await Promise.all([operate('backup.sh', world.databaseUrl, file), ann.send(conversation, 'meanwhile')])
  const restoredUrl = await emptyDatabase()
  await operate('restore.sh', restoredUrl, file)

  const api = await spawnService('api', { config: { ...world.config, databaseUrl: restoredUrl } })
  cleanups.push(() => api.stop())
  const ask = async <T>(path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${bob.token}`, 'content-type': 'application/json' }
    return ((await (await fetch(`${api.url}/api/v1/chat${path}`, { ...init, headers })).json()) as { data: T }).data
  }
  const history = `/conversations/${conversation.id}/messages`
  const { messages } = await ask<{ messages: { content: string; read_by: string[] }[] }>(history)
  const restored = messages.find(({ content }) => content === 'before the backup')
  expect(restored?.read_by).toContain(bob.id)
  const sent = await ask<{ seq: number }>(history, { method: 'POST', body: JSON.stringify({ content: 'after the restore' }) })
  expect(sent.seq).toBe(messages.length + 1)

  const anew = await ask<SyncPage>(`/sync?since=${next}`)
  expect(anew.reset).toBe(true)
  const news = await ask<SyncPage>(`/sync?since=${anew.next}`)
  await eventually(async () => {
    const { stdout } = await runCommand('db/dist/audit-verify-cli.js', [], { DATABASE_URL: restoredUrl })
    expect(stdout).toMatch(/^OK \d+ links, 0 rows wait/)
  }, 30_000)
  // What was sent after the restore may come again, as long as any transaction of the server is open; what was restored must not.
  expect(news.reset).toBe(false)
  expect(news.messages.map(({ content }) => content).filter((content) => content !== 'after the restore')).toEqual([])
})

test('nothing is restored over what is there', async () => {
  const { ann, conversation } = await world.twoPeople()
  await ann.send(conversation, 'kept')
  const file = join(folder, 'chat.dump')
  await operate('backup.sh', world.databaseUrl, file)
  await expect(operate('restore.sh', world.databaseUrl, file)).rejects.toThrow('give an empty one')
  expect((await ann.history(conversation)).map(({ content }) => content)).toEqual(['kept'])
})

async function operate(name: string, databaseUrl: string, file: string): Promise<void> {
  const { command, env } = await findDebianProgram('pg_dump', console.log)
  const path = command.includes('/') ? `${dirname(command)}:${process.env.PATH}` : process.env.PATH
  await run(script(name), [file], { env: { ...env, PATH: path, DATABASE_URL: databaseUrl } })
}

async function emptyDatabase(): Promise<string> {
  const name = `restored_${process.pid}_${cleanups.length}`
  const administer = async (statement: string) => {
    const url = new URL(world.databaseUrl)
    url.pathname = '/postgres'
    const client = new pg.Client({ connectionString: url.href })
    await client.connect()
    await client.query(statement).finally(() => client.end())
  }
  await administer(`create database ${name} template template0`)
  cleanups.push(() => administer(`drop database ${name} with (force)`))
  const url = new URL(world.databaseUrl)
  url.pathname = `/${name}`
  return url.href
}
