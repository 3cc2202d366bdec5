import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { DemoTokens } from '../instance/demo-tokens.js'
import { rootFolder } from '../instance/settings.js'
import type { OwnPage, Site } from './site.js'

export interface PlaygroundSiteOptions {
  /** Who may be played. Their tokens are shown to whoever opens the page. */
  people: DemoTokens
  /** Where the origin was told to listen; undefined: on this machine only. */
  hosts?: string[] | undefined
}

const folder = join(rootFolder, 'packages/playground/dist/site')

const files = new Map([
  ['/', { name: 'page.html', type: 'text/html; charset=utf-8' }],
  ['/playground/app.js', { name: 'app.js', type: 'text/javascript; charset=utf-8' }],
  ['/playground/app.js.map', { name: 'app.js.map', type: 'application/json; charset=utf-8' }],
  ['/playground/style.css', { name: 'style.css', type: 'text/css; charset=utf-8' }],
  ['/playground/style.css.map', { name: 'style.css.map', type: 'application/json; charset=utf-8' }],
])

/** The playground: a page to chat in, and the people to be. Only a local run has it; the services know nothing of it. */
export function playgroundSite({ people, hosts }: PlaygroundSiteOptions): Site {
  return async (path, request): Promise<OwnPage | undefined> => {
    if (path === '/playground/people.json' && (hosts !== undefined || namesThisMachine(request))) {
      return { type: 'application/json; charset=utf-8', body: JSON.stringify({ people: people() }) }
    }
    const file = files.get(path)
    // Read each time: watch mode builds it anew.
    return file && { type: file.type, body: await readFile(join(folder, file.name)) }
  }
}

/** A page elsewhere that had its own name point to this machine would read the tokens otherwise. */
function namesThisMachine({ headers: { host = '' } }: IncomingMessage): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host)
}
