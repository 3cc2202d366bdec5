// The ceiling of an API: Fastify, a verified token, one batched INSERT.
import jwt from '@fastify/jwt'
import fastify from 'fastify'
import { openBatchedInsert } from './batched-insert.mjs'

const { DATABASE_URL, JWT_SECRET, PORT } = process.env
const store = await openBatchedInsert(DATABASE_URL)
const app = fastify()
await app.register(jwt, { secret: JWT_SECRET })
app.get('/readyz', async () => 'ok')
app.post('/api/v1/chat/conversations/:id/messages', { onRequest: (request) => request.jwtVerify() }, async (request, reply) =>
  reply.code(201).send({ success: true, data: await store(request.params.id, request.user.userId, request.body.content) }),
)
await app.listen({ port: Number(PORT), host: '127.0.0.1' })
