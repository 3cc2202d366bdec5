// One driver process: does jobs as they come and answers each with its result.
import { jobs } from './jobs.mjs'

process.on('message', ({ job, input }) => {
  void run(job, input).then(
    (result) => process.send({ result }),
    (error) => process.send({ error: error.stack }),
  )
})
process.on('disconnect', () => process.exit())
process.send('ready')

async function run(job, input) {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  const result = await jobs[job](input)
  const { user, system } = process.cpuUsage(cpu)
  // How much of a core it used: near 1 it is the driver that was measured.
  return { ...result, busy: (user + system) / 1000 / (performance.now() - startedAt) }
}
