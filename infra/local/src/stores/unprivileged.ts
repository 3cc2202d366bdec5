import { chown, mkdir, stat } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { Problem } from '../problem.js'

/** The user and group a store runs as; empty means: as we do. */
export interface RunAs {
  uid?: number
  gid?: number
}

// "nobody" on Linux: PostgreSQL refuses to run as root, and this user exists nowhere as the owner of anything.
const nobody = 65534

/** PostgreSQL does not run as root: root steps down to "nobody", everybody else stays who they are. */
export function unprivilegedUser(): RunAs {
  return process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}
}

/** Whether another user may pass through every folder on the way to `path` (a checkout below `/root`, mode 700, may not be passed). */
export async function isReachable(path: string, user: RunAs): Promise<boolean> {
  if (user.uid === undefined) return true
  for (let folder = path; ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined)
    if (found && found.uid !== user.uid && (found.mode & 0o001) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

/** Makes a folder that belongs to `user` and that nobody else can read. */
export async function makePrivateFolder(path: string, user: RunAs): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  if (user.uid !== undefined && user.gid !== undefined) await chown(path, user.uid, user.gid)
}

/**
 * A folder outside of `path` that every user may pass, always the same for the same `path`, kept over reboots.
 * @throws Problem when somebody else has made a folder of that name.
 */
export async function reachableStandIn(path: string): Promise<string> {
  const name = createHash('sha256').update(path).digest('hex').slice(0, 12)
  const folder = join('/var/tmp', `viatra-chat-${name}`)
  await mkdir(folder, { mode: 0o711 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const { uid } = await stat(folder)
  if (uid !== process.getuid?.()) throw new Problem(`The folder ${folder} belongs to another user; remove it or set VIATRA_DATA_DIR.`)
  return folder
}
