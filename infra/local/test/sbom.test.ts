import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

interface Bill {
  bomFormat: string
  specVersion: string
  metadata: { component: { name: string } }
  components: { name: string; group?: string; version: string; purl: string; licenses?: unknown[] }[]
}

let text: string
let bill: Bill
beforeAll(async () => {
  // A registry that nobody answers for: none is asked.
  const env = { ...process.env, npm_config_registry: 'http://127.0.0.1:9/' }
  const { stdout } = await promisify(execFile)(process.execPath, ['infra/local/sbom.mjs'], { cwd: root, env, maxBuffer: 64 * 1024 * 1024 })
  text = stdout
  bill = JSON.parse(stdout) as Bill
}, 180_000)

test('the bill of materials names what is installed of what the services depend on, with its version', async () => {
  expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', metadata: { component: { name: 'viatra-chat' } } })
  for (const service of ['services/api', 'services/gateway', 'packages/chat', 'db']) {
    const { dependencies } = JSON.parse(await readFile(`${root}${service}/package.json`, 'utf8')) as {
      dependencies: Record<string, string>
    }
    for (const [name, version] of Object.entries(dependencies)) {
      if (version.startsWith('workspace:')) continue
      const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
      expect(
        bill.components.map((component) => component.purl),
        service,
      ).toContain(purl)
    }
  }
  const found = bill.components.find(({ name }) => name === 'engine.io')
  expect(found).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/), licenses: [{ license: { id: 'MIT' } }] })
})

test('it names nothing that only building and testing need, no address of a registry and no path of this machine', () => {
  const names = bill.components.map(({ name }) => name)
  for (const tool of ['vitest', 'eslint', 'typescript', 'playwright-core', 'knip']) expect(names).not.toContain(tool)
  expect(text).not.toMatch(/registry|npmjs|127\.0\.0\.1/)
  expect(text).not.toContain(root)
})
