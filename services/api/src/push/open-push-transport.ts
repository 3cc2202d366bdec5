import type { PushTransport } from '@viatra-chat/chat'
import { ConfigError, type Config, type Logger } from '@viatra-chat/runtime'
import { openFcmTransport } from './fcm-transport.js'

/**
 * What carries pushes, as configured; undefined when this process sends none.
 * @throws ConfigError naming what is missing or cannot be used.
 */
export async function openPushTransport({ push }: Config, log: Logger): Promise<PushTransport | undefined> {
  if (push.transport === 'off')
    return void log.info({}, 'pushes are off: set FIREBASE_PROJECT_ID and FIREBASE_PRIVATE_KEY_PATH, or PUSH_TRANSPORT=log, to have them')
  if (!push.worker) return undefined
  if (push.transport === 'log') return logTransport(log)
  if (!push.firebase) throw new ConfigError(['FIREBASE_PROJECT_ID: is missing, but PUSH_TRANSPORT is fcm and PUSH_WORKER on'])
  try {
    return await openFcmTransport(push.firebase)
  } catch (error) {
    throw new ConfigError([`FIREBASE_PRIVATE_KEY_PATH: cannot be used: ${error instanceof Error ? error.message : String(error)}`])
  }
}

/** Prints what would be sent, for trying things: texts of messages stand in the log then. */
function logTransport(log: Logger): PushTransport {
  return {
    batchMax: 500,
    async send(pushes) {
      return pushes.map(({ token, ...push }) => {
        log.info({ push, token: `…${token.slice(-6)}` }, 'a push would be sent')
        return { kind: 'sent' }
      })
    },
    close: async () => undefined,
  }
}
