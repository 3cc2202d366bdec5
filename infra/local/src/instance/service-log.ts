import { createWriteStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import pretty from 'pino-pretty'

/** Where the lines of one process go. */
export type LineSink = (line: string) => void

const problemLevels = ['warn', 'error', 'fatal']
const levelNames: Record<number, string> = { 40: 'warn', 50: 'error', 60: 'fatal' }
// The same trouble is told once in this time, however often it is met.
const repeatAfterMs = 10_000

/** Writes every line into `logs/<name>.log`, begun anew at each start, and shows what a person should see. */
export function serviceLog(dataDir: string, name: string, show: LineSink): LineSink {
  mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 })
  const file = createWriteStream(join(dataDir, 'logs', `${name}.log`))
  return (line) => {
    file.write(`${line}\n`)
    show(line)
  }
}

/** Shows problems only, each as one line. */
export function problemsOnly(name: string, print: LineSink): LineSink {
  const toldAt = new Map<string, number>()
  return (line) => {
    const entry = parseEntry(line)
    if (!entry || !problemLevels.includes(entry.level)) return
    const text = [entry.msg, entry.err?.message].filter(Boolean).join(': ').split('\n')[0] ?? ''
    const now = Date.now()
    if (now - (toldAt.get(text) ?? -repeatAfterMs) < repeatAfterMs) return
    toldAt.set(text, now)
    print(`${name}  ${entry.level.toUpperCase()}  ${text}`)
  }
}

/** Shows everything, structured lines made readable, for development. */
export function everything(name: string, print: LineSink): LineSink {
  const prettify = pretty.prettyFactory({
    colorize: process.stdout.isTTY,
    ignore: 'pid,hostname,name',
    translateTime: 'HH:MM:ss.l',
    singleLine: true,
  })
  return (line) => print(`${name}  ${parseEntry(line) ? prettify(line).trimEnd() : line}`)
}

interface LogEntry {
  level: string
  msg?: string
  err?: { message?: string }
}

function parseEntry(line: string): LogEntry | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const { level, ...rest } = JSON.parse(line) as Omit<LogEntry, 'level'> & { level?: string | number }
    // pino writes levels as numbers unless it is told to name them.
    return level === undefined ? undefined : { ...rest, level: typeof level === 'number' ? (levelNames[level] ?? '') : level }
  } catch {
    return undefined
  }
}
