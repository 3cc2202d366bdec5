// @ts-check
// What a gateway that dies leaves to the others: everybody connects and joins at once, listens for a while, and goes.
//   pnpm load:people --count 2000 && k6 run infra/load/k6/reconnect-storm.js
import { check } from 'k6'
import { setTimeout } from 'k6/timers'
import { nextPerson } from './people.js'
import { connect } from './socket-io.js'

export const options = {
  scenarios: {
    storm: { executor: 'per-vu-iterations', vus: 2000, iterations: 1, maxDuration: '60s', exec: 'reconnect' },
  },
  thresholds: {
    socketio_connect_duration: ['p(99)<5000'],
    checks: ['rate>0.99'],
  },
}

const listenMs = Number(__ENV.LISTEN_MS || 2000)

export async function reconnect() {
  const { token, conversationId } = nextPerson()
  const socket = await connect(token)
  const joined = await socket.ask('join_conversation', { conversationId })
  check(joined, { joined: ({ success }) => success })
  await new Promise((resolve) => setTimeout(resolve, listenMs))
  socket.close()
}
