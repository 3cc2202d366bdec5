import { inTurns, ms } from '../figures.mjs'
import { withStand } from '../stand.mjs'

/** From the start of a process until it says that it is ready. */
export function startUp(stores) {
  return withStand(stores, 'start_up', async (stand) => {
    const timed = (program) => async () => {
      const startedAt = performance.now()
      const [service] = await stand.start(program)
      const elapsed = performance.now() - startedAt
      await service.stop()
      return { elapsed }
    }
    const results = await inTurns({ api: timed('api'), gateway: timed('gateway') })
    return ['api', 'gateway'].map((name) => ({
      what: `start of the ${name} until ready, in ms`,
      product: ms(results[name].elapsed),
      base: '1,000 ms',
      ratio: results[name].elapsed,
      target: { max: 1000 },
      figures: results.rounds[name],
    }))
  })
}
