import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The options with which the image of a service runs Node, read from its Dockerfile: what is run or measured here is run as in production.
 * @param root the checkout.
 */
export function imageOptions(root: string, service: 'api' | 'gateway'): string[] {
  const file = join(root, 'infra', 'docker', `${service}.Dockerfile`)
  const command = /^CMD (\[.*\])$/m.exec(readFileSync(file, 'utf8'))?.[1]
  if (command === undefined) throw new Error(`${file} has no command in the exec form`)
  return (JSON.parse(command) as string[]).filter((part) => part.startsWith('--'))
}
