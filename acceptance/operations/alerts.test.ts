import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { rootFolder } from './dockerfiles.js'
import { findProgramOrSkip } from './find-program.js'

const run = promisify(execFile)
const alertsFolder = `${rootFolder}infra/alerts/`

let world: World
beforeAll(async () => {
  world = await startWorld({ env: { METRICS_PORT: '0' } })
})
afterAll(() => world.close())

const rules = (parse(await readFile(`${alertsFolder}viatra-chat.yaml`, 'utf8')) as AlertFile).groups.flatMap((group) => group.rules)
const dashboards = await readDashboards()

test('each metric that an alert or a panel names is told by a running instance', async () => {
  const pages = await Promise.all(world.metricsPages.map(async (url) => (await fetch(url)).text()))
  const told = new Set(pages.flatMap((page) => [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)))
  const named = [...rules.map(({ expr }) => expr), ...dashboards.flatMap(expressionsOf)].flatMap(metricsIn)
  expect(named.length).toBeGreaterThan(60)
  expect([...new Set(named)].filter((name) => !told.has(name))).toEqual([])
})

test('each alert has a runbook page of its own, and each page an alert', async () => {
  const pages = rules.map(({ annotations }) => annotations.runbook)
  for (const page of pages) expect(existsSync(rootFolder + page), page).toBe(true)
  const written = (await readdir(`${rootFolder}docs/runbooks`)).filter((name) => name !== 'README.md')
  expect(written.map((name) => `docs/runbooks/${name}`).sort()).toEqual(pages.toSorted())
})

test('Prometheus loads the rules, they fire when they should, and it understands every panel', { timeout: 120_000 }, async (context) => {
  const { command, env } = await findProgramOrSkip('promtool', context)
  const promtool = async (...args: string[]) => (await run(command, args, { env, cwd: alertsFolder })).stdout
  expect(await promtool('check', 'rules', 'viatra-chat.yaml')).toContain(`SUCCESS: ${rules.length} rules found`)
  expect(await promtool('test', 'rules', 'viatra-chat.test.yaml')).toContain('SUCCESS')
  const folder = await mkdtemp(join(tmpdir(), 'viatra-panels-'))
  const panels = dashboards.flatMap(expressionsOf).map((expr, i) => ({ record: `panel:expression_${i}`, expr }))
  await writeFile(join(folder, 'panels.yaml'), JSON.stringify({ groups: [{ name: 'panels', rules: panels }] }))
  expect(await promtool('check', 'rules', '--lint=none', join(folder, 'panels.yaml'))).toContain(`SUCCESS: ${panels.length} rules found`)
  await rm(folder, { recursive: true })
})

test('panels of a dashboard have ids of their own and do not lie on each other', () => {
  for (const { panels } of dashboards) {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    expect(new Set(panels.map(({ gridPos: { x, y } }) => `${x},${y}`)).size).toBe(panels.length)
  }
})

interface AlertFile {
  groups: { rules: { alert: string; expr: string; annotations: { runbook: string } }[] }[]
}

interface Dashboard {
  panels: { id: number; gridPos: { x: number; y: number }; targets?: { expr: string }[] }[]
}

async function readDashboards(): Promise<Dashboard[]> {
  const folder = `${rootFolder}infra/dashboards/`
  return Promise.all((await readdir(folder)).map(async (name) => JSON.parse(await readFile(folder + name, 'utf8')) as Dashboard))
}

const expressionsOf = ({ panels }: Dashboard) => panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

/** Names as they are declared: the parts of a histogram belong to it. `up` is Prometheus' own. */
const metricsIn = (expr: string) =>
  [...expr.matchAll(/\b(?:chat|nodejs|process)_[a-z0-9_]+/g)].map(([name]) =>
    name.replace(/(_duration_seconds|_messages)_(bucket|sum|count)$/, '$1'),
  )
