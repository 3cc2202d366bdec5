// The same promises, with encrypted content.
process.env.CONTENT_ENCRYPTION = 'on'
process.env.CONTENT_KEYS = `test:${Buffer.alloc(32, 3).toString('base64')}`
await import('../rest/sending.test.js')
