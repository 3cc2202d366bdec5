import { parseArgs } from 'node:util'
import { verifyAudit, type AuditBreach, type AuditHead, type AuditVerdict } from './verify-audit.js'

const usage = 'Usage: pnpm audit:verify [--head POSITION:HASH]   (DATABASE_URL names the database)'
const sentences: Record<AuditBreach, string> = {
  link_missing: 'a link of the chain is missing',
  row_missing: 'the row of a link is missing',
  row_changed: 'a row, or the link before it, was changed',
  row_unsealed: 'a row was put in behind the head of the chain',
  head_differs: 'the chain no longer leads through the head that was noted: it was cut off or written anew',
}

try {
  const verdict = await verifyAudit(databaseUrl(), readHead(process.argv.slice(2)))
  report(verdict)
  process.exit(verdict.broken ? 1 : 0)
} catch (error) {
  console.error(`The audit log could not be verified: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(2)
}

function databaseUrl(): string {
  const url = process.env.DATABASE_URL
  if (!url) throw new Error(`DATABASE_URL is not set. ${usage}`)
  return url
}

function readHead(args: string[]): AuditHead | undefined {
  const { values } = parseArgs({ args: args.filter((arg) => arg !== '--'), options: { head: { type: 'string' } } })
  if (values.head === undefined) return undefined
  const [, position, hash] = /^(\d+):([0-9a-f]{64})$/.exec(values.head) ?? []
  if (position === undefined || hash === undefined) throw new Error(`--head must be POSITION:HASH. ${usage}`)
  return { position: Number(position), hash }
}

function report({ links, head, waiting, broken }: AuditVerdict): void {
  if (broken) {
    console.log(`BROKEN ${broken.breach} at link ${broken.position ?? '-'}, row ${broken.auditId ?? '-'}: ${sentences[broken.breach]}.`)
    return
  }
  console.log(`OK ${links} links, ${waiting} rows wait to be sealed, head ${head.position}:${head.hash || '-'}`)
}
