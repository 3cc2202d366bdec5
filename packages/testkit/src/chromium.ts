import { execFile } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { unpackDebianPackages } from '@viatra-chat/local/stores'
import type { Browser } from 'playwright-core'

const run = promisify(execFile)

const packages = {
  folder: 'chromium',
  packages: ['chromium', 'fonts-dejavu-core'],
  withDependencies: true,
  proof: 'usr/lib/chromium/chromium',
  title: 'Chromium (120 MB)',
  stepTimeoutMs: 240_000,
}

// Nothing but the pages of the test: no updates, no lists, no look-ups of its own.
const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update']
// Chromium's sandbox refuses to run as root, and needs a setuid helper that an unpacked package does not have.
const args = ['--no-sandbox', '--disable-sync', ...quiet]

/**
 * A headless Chromium: the machine's, else Debian's packages unpacked into a cache folder.
 * @throws when neither is to be had; the message says why.
 */
export async function startChromium(): Promise<Browser> {
  // Loaded here only: half a second of processor that most test files need not spend.
  const { chromium } = await import('playwright-core')
  const installed = await findInstalled()
  if (installed !== undefined) return chromium.launch({ executablePath: installed, args })
  const root = await unpackDebianPackages(packages, console.log)
  const env = { ...process.env, LD_LIBRARY_PATH: (await libraryFolders(root)).join(':'), FONTCONFIG_FILE: await writeFontSettings(root) }
  return chromium.launch({ executablePath: join(root, packages.proof), args, env })
}

async function findInstalled(): Promise<string | undefined> {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    const found = await run('which', [name]).catch(() => undefined)
    if (found) return found.stdout.trim()
  }
  return undefined
}

/** Those of the machine architecture, and the one where PulseAudio keeps a part of its own. */
async function libraryFolders(root: string): Promise<string[]> {
  const found: string[] = []
  for (const base of ['usr/lib', 'lib']) {
    const entries = await readdir(join(root, base)).catch(() => [])
    found.push(...entries.filter((name) => name.includes('-linux-')).map((name) => join(root, base, name)))
  }
  return [...found, ...found.map((folder) => join(folder, 'pulseaudio'))]
}

async function writeFontSettings(root: string): Promise<string> {
  const file = join(root, 'fonts.conf')
  const folders = ['/usr/share/fonts', join(root, 'usr/share/fonts')].map((folder) => `<dir>${folder}</dir>`).join('')
  const plain = '<match target="pattern"><edit name="family" mode="append"><string>DejaVu Sans</string></edit></match>'
  await writeFile(
    file,
    `<?xml version="1.0"?><fontconfig>${folders}<cachedir>${join(root, 'font-cache')}</cachedir>${plain}</fontconfig>\n`,
  )
  return file
}
