import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { rootFolder } from './dockerfiles.js'

const run = promisify(execFile)
const scripts = ['send-messages', 'sockets', 'reconnect-storm']
const runner = fileURLToPath(new URL('k6/run-script.mjs', import.meta.url))

let world: World
let people: string
beforeAll(async () => {
  world = await startWorld()
  people = await writePeople()
})
afterAll(async () => {
  await rm(join(people, '..'), { recursive: true, force: true })
  await world.close()
})

test('the k6 scripts fit the types of k6', { timeout: 60_000 }, async () => {
  await run(process.execPath, [`${rootFolder}node_modules/typescript/bin/tsc`, '-p', `${rootFolder}infra/load/k6`])
})

test.each([
  ['send-messages', () => world.apis[0], 6],
  ['sockets', () => world.gateways[0], 18],
  ['reconnect-storm', () => world.gateways[0], 0],
] as const)('the k6 script %s does over the real server what it says, and its thresholds are judged', async (name, target, messages) => {
  const before = await countMessages()
  const verdicts = await runScript(name, target() ?? '')
  expect((await countMessages()) - before).toBe(messages)
  const checks = verdicts.find((verdict) => verdict.name === 'checks')
  expect(checks).toMatchObject({ condition: 'rate>0.99', met: true })
  for (const { samples } of verdicts) expect(samples).toBeGreaterThanOrEqual(6)
})

test('a k6 script against a server that refuses everybody fails its thresholds', async () => {
  const forged = join(people, '../forged.csv')
  await writeFile(forged, (await readFile(people, 'utf8')).replaceAll(/^ey[^,]+/gm, 'forged'))
  const verdicts = await runScript('send-messages', world.apis[0] ?? '', forged)
  const unmet = verdicts.filter(({ met }) => !met).map(({ name }) => name)
  // On a busy machine the refusals are late as well.
  expect(unmet).toEqual(expect.arrayContaining(['checks', 'http_req_failed']))
})

test('Artillery and k6 have the same scenarios', async () => {
  const [artillery, k6] = await Promise.all(['artillery', 'k6'].map((folder) => readdir(`${rootFolder}infra/load/${folder}`)))
  expect(artillery?.toSorted()).toEqual(scripts.map((name) => `${name}.yml`).toSorted())
  expect(k6).toEqual(expect.arrayContaining(scripts.map((name) => `${name}.js`)))
  for (const name of scripts) {
    const { config } = parse(await readFile(`${rootFolder}infra/load/artillery/${name}.yml`, 'utf8')) as { config: ArtilleryConfig }
    expect(config.payload).toMatchObject({ path: '../people.csv', fields: ['token', 'userId', 'conversationId'] })
    expect(config.environments.smoke.phases).toHaveLength(1)
  }
})

interface ArtilleryConfig {
  payload: object
  environments: { smoke: { phases: unknown[] } }
}

interface Verdict {
  name: string
  condition: string
  met: boolean
  samples: number
}

async function runScript(name: string, target: string, peopleFile = people): Promise<Verdict[]> {
  const env = { ...process.env, TARGET: target, PEOPLE: `file://${peopleFile}`, LISTEN_MS: '50' }
  const script = `${rootFolder}infra/load/k6/${name}.js`
  // 99: a threshold was not met, which is a verdict like any other.
  const { stdout } = await run(process.execPath, [runner, script, '6'], { env }).catch((error: { code?: number; stdout: string }) => {
    if (error.code !== 99) throw error
    return error
  })
  return JSON.parse(stdout) as Verdict[]
}

async function countMessages(): Promise<number> {
  const { rows } = await world.database.query<{ count: number }>('select count(*)::int as count from messages')
  return rows[0]?.count ?? 0
}

async function writePeople(): Promise<string> {
  const { ann, bob, conversation } = await world.twoPeople()
  const file = join(await mkdtemp(join(tmpdir(), 'viatra-load-')), 'people.csv')
  const lines = [ann, bob].map(({ token, id }) => [token, id, conversation.id].join(','))
  await writeFile(file, `${['token,userId,conversationId', ...lines].join('\n')}\n`)
  return file
}
