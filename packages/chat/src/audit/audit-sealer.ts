import type { Chat } from '../chat.js'
import { sealAudit, type Seal } from './record-audit.js'

const intervalMs = 1000
const rowsMax = 500
// A head in the log, which leaves the machine, proves later that nothing before it was cut off.
const headLoggedEveryMs = 60_000

/**
 * Chains the rows of the audit log, a second or so after they are committed: hashing them in the transactions themselves would make every
 * act of the product wait for the one before it. Every API runs one; a lock lets one at a time work.
 * @returns what stops it.
 */
export function startAuditSealer(chat: Chat): () => void {
  let isRunning = false
  const logHead = headLogger(chat)
  const run = () => {
    if (isRunning) return
    isRunning = true
    sealAll(chat)
      .then(logHead)
      .catch((error: unknown) => chat.log.warn({ err: error }, 'the audit log could not be sealed; it is tried again'))
      .finally(() => (isRunning = false))
  }
  const timer = setInterval(run, intervalMs)
  return () => clearInterval(timer)
}

async function sealAll({ db }: Chat): Promise<Seal | undefined> {
  for (;;) {
    const seal = await sealAudit(db, rowsMax)
    if (!seal || seal.sealed < rowsMax) return seal
  }
}

function headLogger({ log }: Chat): (seal: Seal | undefined) => void {
  let loggedAt = -Infinity
  let position = 0
  return (seal) => {
    const now = performance.now()
    if (!seal || seal.position === position || now - loggedAt < headLoggedEveryMs) return
    loggedAt = now
    position = seal.position
    log.info({ auditHead: `${seal.position}:${seal.hash}` }, 'the audit log is sealed up to here')
  }
}
