// Profiles from one SIGCONT to the next, and then writes what it saw to BENCH_PROFILE and the process's number.
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'

const session = new Session()
session.connect()
session.post('Profiler.enable')
let isRunning = false

process.on('SIGCONT', () => {
  if (!isRunning) session.post('Profiler.start')
  else
    session.post('Profiler.stop', (_error, { profile }) =>
      writeFileSync(`${process.env.BENCH_PROFILE}-${process.pid}`, JSON.stringify(profile)),
    )
  isRunning = !isRunning
})
