import { startChromium } from '@viatra-chat/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { openPlace, type Place } from './place.js'

const fetchTimeoutMs = 300_000

let browser: Browser | undefined
let reason = ''
let place: Place
beforeAll(async () => {
  browser = await startChromium().catch((error: Error) => void (reason = error.message))
  if (browser) place = await openPlace()
}, fetchTimeoutMs)
beforeEach((context) => {
  if (!browser) context.skip(`Chromium is not to be had: ${reason}`)
})
afterAll(async () => {
  await browser?.close()
  await (place as Place | undefined)?.close()
})

/** A page, and whatever its browser complained about: what a policy forbids is told there. */
async function visit(path: string): Promise<{ page: Page; complaints: string[] }> {
  if (!browser) throw new Error('there is no browser')
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(`http://127.0.0.1:${place.port}${path}`)
  return { page, complaints }
}

test('the REST reference tries a call as somebody of the demo', async () => {
  const { ann } = await place.world.twoPeople()
  const [first_name, last_name, role] = [ann.name, 'Example', 'patient'] as const
  place.demo.push({ id: ann.id, email: 'ann@clinic.example', first_name, last_name, role, token: ann.token })
  const { page, complaints } = await visit('/docs')
  const operation = page.locator('#operations-Conversations-list_conversations')
  await operation.getByRole('button').first().click()
  await operation.getByRole('button', { name: 'Execute' }).click()
  await operation.locator('.live-responses-table .response-col_status').filter({ hasText: '200' }).waitFor()
  expect(complaints).toEqual([])
})

test('the socket reference leads from every event to its objects', async () => {
  const { page, complaints } = await visit('/docs/events')
  await page.getByRole('link', { name: 'new_message' }).click()
  const anchors = await page.locator('a[href^="#"]').evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''))
  const ids = await page.locator('section[id]').evaluateAll((sections) => sections.map(({ id }) => `#${id}`))
  expect(anchors.filter((anchor) => !ids.includes(anchor))).toEqual([])
  expect(complaints).toEqual([])
})
