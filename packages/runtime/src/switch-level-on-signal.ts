import type { Logger } from './logger.js'

/** SIGUSR2 makes the log tell everything (`debug`), and the next one makes it as it was: to look closer without a restart. */
export function switchLevelOnSignal(log: Logger): void {
  const configured = log.level
  process.on('SIGUSR2', () => {
    log.level = log.level === 'debug' ? configured : 'debug'
    log.warn({ logLevel: log.level }, 'the log level was changed')
  })
}
