// @ts-check
// A session on a socket: connect, join, type, send, mark as read, leave.
//   pnpm load:people && k6 run infra/load/k6/sockets.js
import { check } from 'k6'
import { nextPerson } from './people.js'
import { connect } from './socket-io.js'

export const options = {
  scenarios: {
    talk: { executor: 'constant-arrival-rate', rate: 10, timeUnit: '1s', duration: '60s', preAllocatedVUs: 50, maxVUs: 500, exec: 'talk' },
  },
  thresholds: {
    socketio_connect_duration: ['p(99)<1000'],
    socketio_ack_duration: ['p(95)<250', 'p(99)<500'],
    checks: ['rate>0.99'],
  },
}

export async function talk() {
  const { token, conversationId } = nextPerson()
  const socket = await connect(token)
  const joined = await socket.ask('join_conversation', { conversationId })
  check(joined, { joined: ({ success }) => success })
  for (let i = 0; i < 3; i++) {
    await socket.ask('typing_start', { conversationId })
    const sent = await socket.ask('send_message', { conversationId, message_type: 'text', content: 'Load test message' })
    check(sent, { sent: ({ success }) => success })
    const read = await socket.ask('mark_read', { conversationId, messageIds: [sent.data.id] })
    check(read, { read: ({ success }) => success })
  }
  await socket.ask('leave_conversation', { conversationId })
  socket.close()
}
