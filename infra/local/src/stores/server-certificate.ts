import { chown, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunAs } from './unprivileged.js'

/** What a server shows to those who connect with TLS; both as PEM. */
export interface ServerCertificate {
  key: string
  certificate: string
}

/** Puts both where the server can read them, and nobody else the key. */
export async function writeServerCertificate(folder: string, { key, certificate }: ServerCertificate, user: RunAs): Promise<void> {
  for (const [name, text] of [
    ['tls.key', key],
    ['tls.crt', certificate],
  ] as const) {
    const file = join(folder, name)
    await writeFile(file, text, { mode: 0o600 })
    if (user.uid !== undefined && user.gid !== undefined) await chown(file, user.uid, user.gid)
  }
}
