import { expect, test } from 'vitest'
import { readiness } from '../src/index.js'

test('an instance is ready when every check passes', async () => {
  expect(await readiness({ database: async () => undefined, redis: async () => undefined })).toEqual({
    ready: true,
    checks: { database: 'up', redis: 'up' },
  })
})

test('a check that rejects, throws or never answers is down', async () => {
  const checks = {
    up: async () => undefined,
    rejects: async () => Promise.reject(new Error('no')),
    throws: () => {
      throw new Error('no')
    },
    hangs: () => new Promise<void>(() => undefined),
  }
  expect(await readiness(checks)).toEqual({ ready: false, checks: { up: 'up', rejects: 'down', throws: 'down', hangs: 'down' } })
})
