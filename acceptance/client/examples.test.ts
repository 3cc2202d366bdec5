import { spawn, type ChildProcess } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openOrigin, type OwnPage } from '@viatra-chat/local/origin'
import { eventually, startChromium, type Person } from '@viatra-chat/testkit'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { freePort, openPlace, portOf, type Place } from '../playground/place.js'

// What newcomers copy has to run as it stands.

const client = fileURLToPath(new URL('../../packages/client/', import.meta.url))

let place: Place
beforeAll(async () => {
  place = await openPlace()
})
afterAll(() => place.close())

const environment = (person: Person) => ({ PATH: process.env.PATH, CHAT_URL: `http://127.0.0.1:${place.port}`, TOKEN: person.token })

function run(script: string, person: Person): { child: ChildProcess; says(line: string): Promise<void> } {
  const child = spawn(process.execPath, [script], { env: environment(person), stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: string[] = []
  if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  return { child, says: (line) => eventually(() => expect(lines.join('\n')).toContain(line)) }
}

test('the bot for Node answers, also in a conversation that comes later', async () => {
  const { ann, bob: bot, conversation } = await place.world.twoPeople()
  const { says } = run(`${client}examples/bot.mjs`, bot)
  await says('listening')
  await says('online')
  const asked = await ann.send(conversation, 'ping')
  await eventually(async () =>
    expect((await ann.history(conversation))[0]).toMatchObject({ content: 'You said: ping', parent_message_id: asked.id }),
  )

  const cem = await place.world.person('Cem')
  const later = await cem.create({ participant_ids: [bot.id] })
  await cem.send(later, 'hello')
  await eventually(async () => expect((await cem.history(later))[0]?.content).toBe('You said: hello'))
})

test('the first message of the README is stored', async () => {
  const { ann, conversation } = await place.world.twoPeople()
  const readme = await readFile(`${client}README.md`, 'utf8')
  const [, code = ''] = /```ts\n(import \{ createChatClient[\s\S]+?)```/.exec(readme) ?? []
  expect(code.trim().split('\n').length).toBeLessThanOrEqual(10)
  const script = `${client}examples/.first-message.${process.pid}.mjs`
  const world = 'const session = { accessToken: () => process.env.TOKEN }, show = () => undefined\n'
  await writeFile(script, world + code.replace("'https://chat.example.org'", 'process.env.CHAT_URL'))
  onTestFinished(() => rm(script))
  await run(script, ann).says('stored as number 1')
  expect((await ann.history(conversation))[0]?.content).toBe('Hello!')
})

test('the page for browsers shows and sends', async (context) => {
  const browser = await startChromium().catch((error: Error) => context.skip(`Chromium is not to be had: ${error.message}`))
  onTestFinished(() => browser.close())
  const { ann, bob, conversation } = await place.world.twoPeople()
  await bob.send(conversation, 'Are you there?')
  const page = await (await browser.newContext()).newPage()
  await page.goto(`${await serveExample()}/browser.html#token=${ann.token}&conversation=${conversation.id}`)
  await page.getByText('Bob: Are you there?').waitFor()
  await page.getByLabel('Message').fill('Yes')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText('Ann: Yes').waitFor()
  await bob.send(conversation, 'Good')
  await page.getByText('Bob: Good').waitFor()
  expect(await page.getByRole('listitem').count()).toBe(3)
})

/** The example as an app's bundler would serve it, on one origin with the product. */
async function serveExample(): Promise<string> {
  const bundle = await build({
    entryPoints: [`${client}examples/browser.mjs`],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  const pages: Record<string, OwnPage> = {
    '/browser.html': { type: 'text/html', body: await readFile(`${client}examples/browser.html`, 'utf8') },
    '/browser.js': { type: 'text/javascript', body: bundle.outputFiles[0]?.text ?? '' },
  }
  const port = await freePort()
  const ports = { apiPorts: place.world.apis.map(portOf), gatewayPorts: place.gateways.map(({ url }) => portOf(url)) }
  const origin = await openOrigin({ port, hosts: ['127.0.0.1'], ...ports, instanceId: 'example', site: async (path) => pages[path] })
  onTestFinished(() => origin.close())
  return `http://127.0.0.1:${port}`
}
