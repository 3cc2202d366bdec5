// The ceiling of a gateway: Socket.IO with its Redis adapter, a token at the handshake, one batched INSERT. No checks, no limits, no outbox.
import { createServer } from 'node:http'
import { createAdapter } from '@socket.io/redis-adapter'
import { createVerifier } from 'fast-jwt'
import { Redis } from 'ioredis'
import { Server } from 'socket.io'
import { openBatchedInsert } from './batched-insert.mjs'

const { DATABASE_URL, REDIS_URL, JWT_SECRET, PORT } = process.env
const verify = createVerifier({ key: JWT_SECRET })
const http = createServer((_request, response) => response.end('ok'))
// Channels of its own: it must not hear, and pay for, what the product says in the same Redis.
const io = new Server(http, {
  transports: ['websocket'],
  perMessageDeflate: false,
  serveClient: false,
  adapter: createAdapter(new Redis(REDIS_URL), new Redis(REDIS_URL), { key: 'bare' }),
})
const store = await openBatchedInsert(DATABASE_URL, (messages) => {
  for (const message of messages) io.to(message.conversation_id).emit('new_message', message)
})

io.use((socket, next) => {
  socket.data.userId = verify(socket.handshake.auth.token).userId
  next()
})
io.on('connection', (socket) => {
  socket.on('join_conversation', ({ conversationId }, acknowledge) => {
    void socket.join(conversationId)
    acknowledge({ success: true })
  })
  socket.on('send_message', async ({ conversationId, content }, acknowledge) =>
    acknowledge({ success: true, data: await store(conversationId, socket.data.userId, content) }),
  )
  // A message that is told and not stored: what fan-out alone costs.
  socket.on('say', ({ conversationId, message }, acknowledge) => {
    io.to(conversationId).emit('new_message', message)
    acknowledge({ success: true })
  })
})
http.listen(Number(PORT), '127.0.0.1')
