// The same promises, with messages in partitions.
process.env.MESSAGES_PARTS = '16'
await import('../rest/sending.test.js')
