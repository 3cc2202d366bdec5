// The ceiling of pushes: batches through firebase-admin, as many at once as the product's worker has under way, and nothing else.
import { openFcmTransport } from '../../../services/api/dist/push/fcm-transport.js'

const { FIREBASE_PROJECT_ID, FIREBASE_PRIVATE_KEY_PATH, FIREBASE_ENDPOINT, FIREBASE_CA_PATH } = process.env
const callsAtOnce = 3
const transport = await openFcmTransport({
  projectId: FIREBASE_PROJECT_ID,
  privateKeyPath: FIREBASE_PRIVATE_KEY_PATH,
  endpoint: FIREBASE_ENDPOINT,
  caPath: FIREBASE_CA_PATH,
})

const someId = '01890a5d-ac96-774b-bcce-b302099a8057'
const pushTo = (n) => ({
  token: `device-${n}`.padEnd(150, 'x'),
  notification: { title: 'Person 1', body: 'Blood pressure 124/81, temperature 36.8, slept well. '.repeat(2).slice(0, 100) },
  data: { type: 'new_message', conversation_id: someId, message_id: someId, sender_id: someId },
  android: {
    priority: 'high',
    collapseKey: someId,
    ttl: 86_400_000,
    notification: { sound: 'default', channelId: 'chat_messages', tag: someId, visibility: 'private' },
  },
  apns: {
    headers: { 'apns-collapse-id': someId, 'apns-expiration': '1900000000' },
    payload: { aps: { sound: 'default', badge: 1, 'mutable-content': 1 } },
  },
})

process.on('message', async ({ count }) => {
  let next = 0
  const sendBatches = async () => {
    while (next < count) {
      const from = next
      next = Math.min(count, from + transport.batchMax)
      await transport.send(Array.from({ length: next - from }, (_, n) => pushTo(from + n)))
    }
  }
  await Promise.all(Array.from({ length: callsAtOnce }, sendBatches))
})
process.on('disconnect', () => void transport.close())
process.send('ready')
