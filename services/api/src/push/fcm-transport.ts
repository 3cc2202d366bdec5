import type { PushResult, PushTransport } from '@viatra-chat/chat'
import type { FirebaseConfig } from '@viatra-chat/runtime'
import { googleAgent } from './google-agent.js'
import { googleCredential } from './google-credential.js'

/**
 * Firebase Cloud Messaging through firebase-admin, over HTTP/1.1: what it sends by HTTP/2 cannot be led to another address.
 * @throws when the service account's file cannot be used.
 */
export async function openFcmTransport({ projectId, privateKeyPath, clientEmail, ...endpoint }: FirebaseConfig): Promise<PushTransport> {
  // Loaded here only: half a second that a process without pushes need not spend.
  const [{ deleteApp, initializeApp }, { getMessaging }] = await Promise.all([
    import('firebase-admin/app'),
    import('firebase-admin/messaging'),
  ])
  const agent = googleAgent(endpoint)
  const app = initializeApp(
    { projectId, credential: googleCredential(privateKeyPath, clientEmail, agent), httpAgent: agent },
    `chat-${nextApp++}`,
  )
  const messaging = getMessaging(app)

  messaging.enableLegacyHttpTransport()
  return {
    batchMax: 500,
    async send(pushes) {
      const { responses } = await messaging.sendEach([...pushes])
      return responses.map(({ success, error }, n) => (success || !error ? { kind: 'sent' } : toResult(error, pushes[n]?.token)))
    },
    async close() {
      await deleteApp(app)
      agent.destroy()
    },
  }
}

// firebase-admin keeps its apps by name for the whole process.
let nextApp = 1

/** What FCM's refusals mean for us; the codes are firebase-admin's. Whatever is not listed may pass. */
const kinds: Readonly<Record<string, Exclude<PushResult['kind'], 'sent'>>> = {
  'messaging/registration-token-not-registered': 'token_gone',
  'messaging/invalid-registration-token': 'token_gone',
  // The token belongs to another project's app.
  'messaging/mismatched-credential': 'token_gone',
  'messaging/invalid-argument': 'refused',
  'messaging/payload-size-limit-exceeded': 'refused',
  'messaging/invalid-payload': 'refused',
  'messaging/message-rate-exceeded': 'slow_down',
  'messaging/device-message-rate-exceeded': 'later',
  'messaging/third-party-auth-error': 'not_authorized',
  'messaging/authentication-error': 'not_authorized',
  'app/invalid-credential': 'not_authorized',
}

/** What FCM says goes into logs: it may name the token. */
function toResult({ code, message }: { code: string; message: string }, token = ''): Exclude<PushResult, { kind: 'sent' }> {
  const isAboutToken = code === 'messaging/invalid-argument' && /registration token/i.test(message)
  return {
    kind: isAboutToken ? 'token_gone' : (kinds[code] ?? 'later'),
    code,
    detail: (token === '' ? message : message.replaceAll(token, '…')).slice(0, 300),
  }
}
