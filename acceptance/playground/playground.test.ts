import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { eventually, startChromium, type Person } from '@viatra-chat/testkit'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { banner, readerOf, rowOf, type Reader } from './people-in-browsers.js'
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

async function reader(person: Person, options?: Parameters<typeof readerOf>[3]): Promise<Reader> {
  if (!browser) throw new Error('there is no browser')
  const opened = await readerOf(browser, place, person, options)
  onTestFinished(() => opened.close())
  return opened
}

/** Two people at two gateways, each with their conversation open. */
async function twoReaders() {
  const { ann, bob, conversation } = await place.world.twoPeople()
  const [anns, bobs] = [await reader(ann), await reader(bob)]
  await anns.open('Bob Example')
  await bobs.open('Ann Example')
  return { ann, bob, conversation, anns, bobs }
}

test('what one writes the other reads, with typing, presence and ticks', async () => {
  const { anns, bobs } = await twoReaders()
  await anns.chat.getByText('Online').first().waitFor()

  await anns.chat.getByRole('textbox', { name: 'Message' }).pressSequentially('Hel')
  await bobs.chat.getByText('Ann is typing').waitFor()
  await anns.write('Hello, Bob')
  await bobs.message('Hello, Bob').waitFor()
  await anns.message('Hello, Bob').getByRole('img', { name: 'Read' }).waitFor()
  expect(await bobs.chat.getByText('Ann is typing').count()).toBe(0)

  await bobs.close()
  await anns.chat.getByText('Last seen').waitFor()
})

test('a conversation that is not open counts what is unread and comes first', async () => {
  const [ann, bob, cem] = await place.world.people('Ann', 'Bob', 'Cem')
  const [withBob, withCem] = [await ann.create({ participant_ids: [bob.id] }), await ann.create({ participant_ids: [cem.id] })]
  await cem.send(withCem, 'old')
  const anns = await reader(ann)
  await rowOf(anns.chat, 'Cem Example').getByRole('img', { name: '1 unread' }).waitFor()

  await bob.send(withBob, 'one')
  await bob.send(withBob, 'two')
  await rowOf(anns.chat, 'Bob Example').getByRole('img', { name: '2 unread' }).waitFor()
  const rows = anns.chat.getByRole('navigation', { name: 'Conversations' }).getByRole('button')
  await eventually(async () => expect((await rows.allTextContents())[0]).toContain('Bob Example'))

  await anns.open('Bob Example')
  await rowOf(anns.chat, 'Bob Example').getByRole('img', { name: 'unread' }).waitFor({ state: 'detached' })
  await eventually(async () => expect((await ann.conversation(withBob.id)).unread_count).toBe(0))
})

test('a gateway dies between two people: one of them notices, and nothing is lost or doubled', async () => {
  const { anns, bobs } = await twoReaders()
  await anns.write('before')
  await bobs.message('before').waitFor()

  const inspectors = await Promise.all([anns, bobs].map(openInspector))
  await place.gateways.shift()?.kill()
  await Promise.all([anns.write('during, from Ann'), bobs.write('during, from Bob')])
  await anns.message('during, from Bob').waitFor()
  await bobs.message('during, from Ann').waitFor()
  await anns.write('after')
  await bobs.message('after').waitFor()

  // They were connected in turn, so that each gateway had one of them.
  const losses = await Promise.all(inspectors.map((inspector) => inspector.getByText('offline', { exact: true }).count()))
  expect(losses.toSorted()).toEqual([0, 1])
  const shown = await anns.texts()
  expect(shown.toSorted()).toEqual(['after', 'before', 'during, from Ann', 'during, from Bob'])
  await eventually(async () => expect(await bobs.texts()).toEqual(shown))
})

test('what is written offline waits, is told as waiting, and goes out in order when the line is back', async () => {
  const { anns, bobs, conversation, bob } = await twoReaders()
  anns.line.mode('refuse')
  await banner(anns).waitFor()
  await anns.write('first')
  await anns.write('second')
  await anns.chat.getByText('2 messages wait').waitFor()
  expect(await anns.message('second').getByRole('img', { name: 'Waiting to be sent' }).count()).toBe(1)
  await bobs.write('meanwhile')

  anns.line.mode('pass')
  await bobs.message('second').waitFor()
  await anns.message('meanwhile').waitFor()
  await banner(anns).waitFor({ state: 'detached' })
  expect((await bob.history(conversation)).map(({ content }) => content).toReversed()).toEqual(['meanwhile', 'first', 'second'])
  await eventually(async () => expect(await anns.texts()).toEqual(['meanwhile', 'first', 'second']))
})

test('older messages load while scrolling, and what is read stays where it is', async () => {
  const { ann, bob, conversation } = await place.world.twoPeople()
  for (let n = 1; n <= 120; n++) await ann.send(conversation, `message ${n}`)
  const bobs = await reader(bob)
  await bobs.open('Ann Example')
  await bobs.message('message 120').waitFor()
  expect(await bobs.texts()).toHaveLength(50)

  const timeline = bobs.chat.getByRole('region', { name: 'Messages' })
  await timeline.evaluate((element) => element.scrollTo({ top: 0 }))
  await eventually(async () => expect(await bobs.texts()).toHaveLength(100))
  expect(await timeline.evaluate((element) => element.scrollTop)).toBeGreaterThan(500)
  await timeline.evaluate((element) => element.scrollTo({ top: 0 }))
  await eventually(async () => expect((await bobs.texts())[0]).toBe('message 1'))
  expect(await bobs.texts()).toHaveLength(120)
})

test('replies quote, deletions take away for both, and text is never markup', async () => {
  const { anns, bobs } = await twoReaders()
  await anns.write('<img src=x onerror="document.title=1"> javascript:alert(1) https://example.org/a.')
  const link = bobs.chat.getByRole('link', { name: 'https://example.org/a' })
  await link.waitFor()
  expect(await link.getAttribute('rel')).toContain('noopener')
  expect(await bobs.chat.locator('.timeline a, .timeline img').count()).toBe(1)

  await bobs.message('javascript').hover()
  await bobs.chat.getByRole('button', { name: 'Reply to Ann Example’s message' }).click()
  await bobs.write('What is that?')
  await anns.message('What is that?').getByRole('button', { name: 'Show the message' }).waitFor()

  await anns.message('onerror').first().hover()
  await anns.chat.getByRole('button', { name: 'Delete your message' }).click()
  await anns.page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
  await bobs.message('What is that?').getByText('Deleted message').waitFor()
  expect(await bobs.texts()).toEqual(['What is that?'])
})

test('a file is a link, and only to the web', async () => {
  const { ann, conversation, anns, bobs } = await twoReaders()
  await anns.chat.getByRole('button', { name: 'Attach' }).click()
  await anns.page.getByRole('dialog').getByLabel('Address').fill('https://files.example.org/plan.pdf')
  await anns.page.getByRole('dialog').getByRole('button', { name: 'Send' }).click()
  expect(await bobs.chat.getByRole('link', { name: 'plan.pdf' }).getAttribute('href')).toBe('https://files.example.org/plan.pdf')

  const metadata = { attachment_url: 'javascript:alert(1)', file_name: 'bad.pdf' }
  await ann.send(conversation, '', { message_type: 'file', metadata })
  await bobs.chat.getByText('bad.pdf').last().waitFor()
  expect(await bobs.chat.getByRole('link', { name: 'bad.pdf' }).count()).toBe(0)
})

test('a group is renamed, made smaller and left', async () => {
  const [ann, bob, cem] = await place.world.people('Ann', 'Bob', 'Cem')
  await ann.create({ type: 'group', participant_ids: [bob.id, cem.id], metadata: { name: 'Ward 2' } })
  const [anns, bobs] = [await reader(ann), await reader(bob)]
  await anns.open('Ward 2')
  await bobs.open('Ward 2')
  await anns.chat.getByRole('button', { name: 'Participants' }).click()
  const dialog = anns.page.getByRole('dialog')
  await dialog.getByLabel('Name', { exact: true }).fill('Ward 3')
  await dialog.getByRole('button', { name: 'Rename' }).click()
  await rowOf(bobs.chat, 'Ward 3').waitFor()
  await dialog.getByRole('button', { name: 'Remove Cem Example' }).click()
  await bobs.chat.getByText('Group of 2').waitFor()

  await bobs.chat.getByRole('button', { name: 'Participants' }).click()
  await bobs.page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click()
  await rowOf(bobs.chat, 'Ward 3').waitFor({ state: 'detached' })
  await anns.page.keyboard.press('Escape')
  await anns.chat.getByText('Group of 1').waitFor()
})

test('everything can be done with the keyboard, and the inspector shows the wire', async () => {
  const { anns, bobs } = await twoReaders()
  await rowOf(anns.chat, 'Bob Example').focus()
  await anns.page.keyboard.press('Enter')
  const inspector = await openInspector(anns)
  await anns.chat.getByRole('textbox', { name: 'Message' }).focus()
  await anns.page.keyboard.type('by keyboard')
  await anns.page.keyboard.press('Enter')
  await bobs.message('by keyboard').waitFor()
  await inspector.getByText('send_message').waitFor()
  await inspector.getByText('message_read').waitFor()
})

test.each(['light', 'dark'] as const)('nothing is in the way of people who see little or use a screen reader (%s)', async (colorScheme) => {
  const { ann, bob, conversation } = await place.world.twoPeople()
  await bob.send(conversation, 'Hello https://example.org', {})
  await ann.send(conversation, 'Hello')
  const anns = await reader(ann, { colorScheme })
  await anns.open('Bob Example')
  await anns.message('https').waitFor()
  expect(await violationsIn(anns.page)).toEqual([])
  await anns.chat.getByRole('button', { name: 'Participants' }).click()
  expect(await violationsIn(anns.page)).toEqual([])
})

test('a phone shows one thing at a time, and nothing sticks out', async () => {
  const { ann, conversation, bob } = await place.world.twoPeople()
  await bob.send(conversation, 'long '.repeat(60) + 'https://example.org/' + 'x'.repeat(200))
  const anns = await reader(ann, { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true })
  await anns.open('Bob Example')
  await anns.message('long').waitFor()
  expect(await rowOf(anns.chat, 'Bob Example').isVisible()).toBe(false)
  expect(await anns.page.evaluate<number>('document.documentElement.scrollWidth')).toBe(360)
  await anns.chat.getByRole('button', { name: 'Back' }).click()
  await rowOf(anns.chat, 'Bob Example').waitFor()
})

async function openInspector({ chat }: Reader): Promise<Locator> {
  await chat.getByRole('button', { name: 'Inspector' }).press('Enter')
  const inspector = chat.getByRole('region', { name: 'Inspector' })
  await inspector.waitFor()
  return inspector
}

interface AxeResults {
  violations: { id: string; nodes: { target: string[] }[] }[]
}

/** What axe-core, the usual judge of accessibility, finds. */
async function violationsIn(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
  const { violations } = await page.evaluate<AxeResults>('axe.run()')
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))
}
