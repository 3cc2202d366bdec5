import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { servicePlans } from '../src/instance/service-plans.js'
import { readSettings, rootFolder } from '../src/instance/settings.js'

test.each(['api', 'gateway'] as const)('a local run starts the %s as its image does', async (service) => {
  const plans = servicePlans(readSettings([], {}), {}, () => undefined)[`${service}s`]
  const image = await readFile(`${rootFolder}/infra/docker/${service}.Dockerfile`, 'utf8')
  const command: unknown = JSON.parse(/^CMD (.*)$/m.exec(image)?.[1] ?? '')
  expect(plans).not.toHaveLength(0)
  for (const { args } of plans) expect(['node', ...args.slice(0, -1), 'dist/main.js']).toEqual(command)
})
