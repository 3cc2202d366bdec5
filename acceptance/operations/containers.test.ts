import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { connect, eventually, spawnService, startWorld, type World } from '@viatra-chat/testkit'
import { readConfig } from '@viatra-chat/runtime'
import { validate } from 'dockerfile-utils'
import { afterEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readImages, rootFolder } from './dockerfiles.js'
import { findProgramOrSkip } from './find-program.js'
import { freePort } from './free-port.js'
import { startNginx } from './nginx.js'

const images = await readImages()
const run = promisify(execFile)

describe.each(images)('the image $name', ({ text, all, final, command }) => {
  test('has a description without problems, of two stages with a pinned base', () => {
    expect(validate(text)).toEqual([])
    const keywords = all.map((instruction) => instruction.getKeyword())
    expect(keywords.filter((keyword) => keyword === 'FROM')).toHaveLength(2)
    expect(text).toMatch(/^ARG NODE_IMAGE=node:20\.\d+-bookworm-slim$/m)
    expect(text).toContain('--frozen-lockfile')
  })

  test('runs without root, with nothing but what was deployed, and hears signals', () => {
    const keywords = final.map((instruction) => instruction.getKeyword())
    expect(final.find((instruction) => instruction.getKeyword() === 'USER')?.getArgumentsContent()).toBe('node')
    expect(keywords.filter((keyword) => keyword === 'COPY')).toHaveLength(1)
    expect(keywords).not.toContain('RUN')
    expect(command[0]).toBe('node')
  })
})

test('every image is built by the same steps, for a package of its own', () => {
  const shapes = images.map(({ text }) => text.match(/^(FROM|WORKDIR|RUN|COPY|USER) \S+/gm))
  expect(new Set(shapes.map((shape) => JSON.stringify(shape))).size).toBe(1)
})

describe('docker-compose.yml', async () => {
  const { services } = parse(await readFile(`${rootFolder}docker-compose.yml`, 'utf8'), { merge: true }) as Compose

  test('runs two of each service, the stores, the migrations and one origin', () => {
    expect(Object.keys(services).sort()).toEqual(['api-1', 'api-2', 'gateway-1', 'gateway-2', 'migrate', 'origin', 'postgres', 'redis'])
    expect(services['origin']?.ports).toEqual(['8080:8080'])
  })

  test('waits only for what there is, and builds only what is described', () => {
    for (const { depends_on = {}, build } of Object.values(services)) {
      for (const name of Object.keys(depends_on)) expect(Object.keys(services)).toContain(name)
      if (build) expect(existsSync(rootFolder + build.dockerfile)).toBe(true)
    }
  })

  test.each(['api-1', 'api-2', 'gateway-1', 'gateway-2'])(
    'gives %s a configuration that it takes, as do its image’s own settings',
    (name) => {
      const image = images.find((each) => name.startsWith(each.name))
      const config = readConfig({ ...image?.env, ...withDefaults(services[name]?.environment ?? {}) })
      expect(config).toMatchObject({ port: 3000, metricsPort: 9464, production: true })
      expect(config.shutdownTimeoutMs).toBeLessThan(Number.parseInt(services[name]?.stop_grace_period ?? '0') * 1000)
    },
  )
})

describe('behind nginx, with the very configuration of the compose file', () => {
  let world: World
  const cleanups: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
    await world?.close()
  })

  test('the images’ start commands serve REST and sockets as one origin, and go on when one of each is gone', async (context) => {
    const nginx = await findProgramOrSkip('nginx', context)
    world = await startWorld()
    const names = ['api', 'api', 'gateway', 'gateway'] as const
    const services = await Promise.all(names.map(startImage))
    const [api1 = '', api2 = '', gateway1 = '', gateway2 = ''] = services.map(({ url }) => url.replace('http://', ''))
    const port = await freePort()
    const variables = { ORIGIN_PORT: String(port), API_1: api1, API_2: api2, GATEWAY_1: gateway1, GATEWAY_2: gateway2 }
    const started = await startNginx(nginx, variables)
    cleanups.push(started.stop)

    const origin = `http://127.0.0.1:${port}`
    const { ann, bob, conversation } = await world.twoPeople()
    const send = async (content: string) => {
      const headers = { authorization: `Bearer ${ann.token}`, 'content-type': 'application/json', 'x-request-id': 'through-nginx' }
      const path = `/api/v1/chat/conversations/${conversation.id}/messages`
      return fetch(origin + path, { method: 'POST', headers, body: JSON.stringify({ content, client_message_id: content }) })
    }
    const listening = await connect(origin, { token: bob.token })
    cleanups.push(async () => listening.close())
    await listening.get('join_conversation', { conversationId: conversation.id })
    const answer = await send('one')
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([201, 'through-nginx'])
    await listening.hears('new_message', ({ content }) => content === 'one')
    expect((await fetch(`${origin}/metrics`)).status).toBe(404)

    await services[0]?.stop()
    await services[2]?.stop()
    for (const content of ['two', 'three', 'four']) expect((await send(content)).status).toBe(201)
    const again = await connect(origin, { token: bob.token })
    cleanups.push(async () => again.close())
    await again.get('join_conversation', { conversationId: conversation.id })
    await send('five')
    await again.hears('new_message', ({ content }) => content === 'five')
  })

  async function startImage(name: 'api' | 'gateway') {
    const image = images.find((each) => each.name === name)
    if (!image) throw new Error(`there is no image ${name}`)
    const env = { ...image.env, PORT: '0', METRICS_PORT: '0' }
    const service = await spawnService(name, world, env, { command: image.command })
    cleanups.push(() => service.stop())
    const [, ...check] = image.healthCommand
    const { port } = new URL(service.url)
    await eventually(() => run(process.execPath, check, { env: { ...process.env, PORT: port } }))
    return service
  }
})

interface Compose {
  services: Record<
    string,
    {
      build?: { dockerfile: string }
      depends_on?: Record<string, unknown>
      environment?: Record<string, string>
      ports?: string[]
      stop_grace_period?: string
    }
  >
}

/** `${NAME:-default}` as it is when nothing is set. */
function withDefaults(environment: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, value.replaceAll(/\$\{\w+:-(.*?)\}/g, '$1')]))
}
