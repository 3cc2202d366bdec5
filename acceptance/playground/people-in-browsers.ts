import { startTcpProxy, type Person, type TcpProxy } from '@viatra-chat/testkit'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import type { Place } from './place.js'

/** Somebody who looks at a page in a browser of their own, over a line of their own. */
export interface Reader {
  page: Page
  /** Their chat. */
  chat: Locator
  line: TcpProxy
  open(title: string): Promise<void>
  write(text: string): Promise<void>
  /** Texts of the messages that are shown, oldest first. */
  texts(): Promise<string[]>
  message(text: string): Locator
  close(): Promise<void>
}

/** Opens the playground as a person, by a token as somebody without a demo does. */
export async function readerOf(browser: Browser, place: Place, person: Person, options: BrowserContextOptions = {}): Promise<Reader> {
  const line = await startTcpProxy({ host: '127.0.0.1', port: place.port })
  const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, reducedMotion: 'reduce', ...options })
  context.setDefaultTimeout(10_000)
  const page = await context.newPage()
  await page.goto(`http://127.0.0.1:${line.port}/`)
  await page.getByLabel('Token', { exact: true }).fill(person.token)
  await page.getByRole('button', { name: 'Go' }).click()
  const chat = page.getByRole('region', { name: 'Chat of You' })
  await chat.getByText('online', { exact: false }).first().waitFor()
  const field = chat.getByRole('textbox', { name: 'Message' })
  return {
    page,
    chat,
    line,
    open: (title) => rowOf(chat, title).click(),
    async write(text) {
      await field.fill(text)
      await field.press('Enter')
    },
    texts: () => chat.locator('.bubble .text').allTextContents(),
    message: (text) => chat.getByRole('listitem').filter({ has: page.locator('.bubble'), hasText: text }),
    async close() {
      await context.close()
      await line.close()
    },
  }
}

export const rowOf = (chat: Locator, title: string): Locator =>
  chat.getByRole('navigation', { name: 'Conversations' }).getByRole('button').filter({ hasText: title })

export const banner = (reader: Reader): Locator => reader.chat.getByRole('status').getByText('Offline')
