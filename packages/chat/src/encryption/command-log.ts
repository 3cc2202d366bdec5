import type { Log } from '../chat.js'

/** The log of a command: what is wrong goes to standard error, as standard output may be data. */
export const commandLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: write,
  error: write,
}

function write(fields: object, message: string): void {
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`)
}
