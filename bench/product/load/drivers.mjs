import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('driver.mjs', import.meta.url))

/** Processes that make load; each keeps what it opened from one job to the next. */
export class Drivers {
  #children

  static async start(count) {
    const drivers = new Drivers()
    drivers.#children = Array.from({ length: count }, () =>
      fork(program, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
    )
    await Promise.all(drivers.#children.map((child) => once(child, 'message')))
    return drivers
  }

  get pids() {
    return this.#children.map((child) => child.pid)
  }

  get count() {
    return this.#children.length
  }

  /** Gives every driver a job; `inputs` is one for all, or a list with one for each. Resolves with their results. */
  run(job, inputs) {
    return Promise.all(this.#children.map((child, i) => ask(child, job, Array.isArray(inputs) ? inputs[i] : inputs)))
  }

  stop() {
    for (const child of this.#children) child.kill()
  }
}

async function ask(child, job, input) {
  child.send({ job, input })
  const answer = await new Promise((resolve) => {
    const ended = (code) => resolve({ error: `the driver ended with ${code}` })
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message)
    })
  })
  if (answer.error) throw new Error(`${job}: ${answer.error}`)
  return answer.result
}

/** Deals items out to drivers. */
export function deal(items, count) {
  return Array.from({ length: count }, (_, i) => items.filter((_item, n) => n % count === i))
}
