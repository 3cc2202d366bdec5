// The same promises, on the sharded adapter.
process.env.REDIS_ADAPTER = 'sharded'
await import('../realtime/message-order.test.js')
