import { parseArgs } from 'node:util'
import { migrateLegacy, type Progress } from './migrate-legacy.js'
import { describeReport, isComplete } from './report.js'
import { Unfit } from './unfit.js'

const usage = `Usage: pnpm migrate:legacy --from <URL of the old database> [--to <URL of the new one, else DATABASE_URL>] [--batch 10000]
Exit codes: 0 all is here, 1 it could not be moved or differs, 3 the old database changed meanwhile: run again.`

try {
  const { from, to, batch } = readOptions()
  const report = await migrateLegacy({ from, to, batchMessages: batch, onProgress: showProgress })
  console.log(describeReport(report).join('\n'))
  process.exitCode = isComplete(report) ? 0 : report.different.length > 0 ? 1 : 3
} catch (error) {
  console.error(error instanceof Unfit ? error.message : error)
  process.exitCode = 1
}

function readOptions(): { from: string; to: string; batch: number } {
  const text = { type: 'string' } as const
  try {
    const { values } = parseArgs({
      args: process.argv.slice(2).filter((arg) => arg !== '--'),
      options: { from: text, to: text, batch: text },
    })
    const to = values.to ?? process.env.DATABASE_URL
    const batch = Number(values.batch ?? 10_000)
    if (values.from && to && Number.isSafeInteger(batch) && batch > 0) return { from: values.from, to, batch }
  } catch (error) {
    throw new Unfit(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
  throw new Unfit(usage)
}

function showProgress({ conversations, conversationsOfAll, messages, messagesOfAll }: Progress): void {
  console.error(`${conversations} of ${conversationsOfAll} conversations, ${messages} of ${messagesOfAll} messages`)
}
