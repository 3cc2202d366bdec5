import { get } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openOrigin, playgroundSite, type Origin } from '../src/origin/index.js'
import { findFreePort } from '../src/processes/find-free-port.js'

const anna = {
  id: '01',
  email: 'anna@clinic.example',
  first_name: 'Anna',
  last_name: 'Lindqvist',
  role: 'patient',
  token: 'a.b.c',
} as const

let port: number
let origin: Origin
beforeEach(async () => {
  port = await findFreePort()
  const site = playgroundSite({ people: () => [anna] })
  origin = await openOrigin({ port, apiPorts: [], gatewayPorts: [], instanceId: 'this-one', site })
})
afterEach(() => origin.close())

test('the page and everything it loads are there, and nothing may come from elsewhere', async () => {
  const page = await fetch(`http://localhost:${port}/`)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'")
  const loaded = [...(await page.text()).matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1])
  expect(loaded).toHaveLength(2)
  for (const path of loaded) expect((await fetch(`http://localhost:${port}${path}`)).status).toBe(200)
})

test('the tokens of the demo people are for pages of this machine only', async () => {
  expect(await peopleAs(`localhost:${port}`)).toMatchObject({ status: 200, body: { people: [{ token: 'a.b.c' }] } })
  // A name that somebody else's server points here: to the browser its page and ours are then of one origin.
  expect(await peopleAs(`evil.example:${port}`)).toMatchObject({ status: 503, body: { success: false } })
})

function peopleAs(host: string): Promise<{ status: number | undefined; body: unknown }> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: '/playground/people.json', headers: { host } }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) as unknown }))
    }).on('error', reject)
  })
}
