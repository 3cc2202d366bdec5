// @ts-check
// Senders over REST: ten a second arrive and send a message each.
//   pnpm load:people && k6 run infra/load/k6/send-messages.js
import { check } from 'k6'
import http from 'k6/http'
import { nextPerson, target } from './people.js'

export const options = {
  scenarios: {
    send: {
      executor: 'constant-arrival-rate',
      rate: 10,
      timeUnit: '1s',
      duration: '60s',
      preAllocatedVUs: 20,
      maxVUs: 200,
      exec: 'sendMessage',
    },
  },
  thresholds: {
    http_req_failed: ['rate<0.01'],
    http_req_duration: ['p(95)<250', 'p(99)<500'],
    checks: ['rate>0.99'],
  },
}

export async function sendMessage() {
  const { token, conversationId } = nextPerson()
  const response = await http.asyncRequest(
    'POST',
    `${target}/api/v1/chat/conversations/${conversationId}/messages`,
    JSON.stringify({ message_type: 'text', content: 'Load test message' }),
    { headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, tags: { name: 'send_message' } },
  )
  check(response, { 'the message is stored': ({ status }) => status === 201 })
}
