// The same promises, on the sharded adapter.
process.env.REDIS_ADAPTER = 'sharded'
await import('../realtime/rooms.test.js')
