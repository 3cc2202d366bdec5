import { runInstance } from './instance/run-instance.js'
import { readSettings } from './instance/settings.js'
import { stopOnSignals } from './instance/stop-on-signals.js'
import { Interrupted, StopStack } from './instance/stop-stack.js'
import { rebuildPlayground, watchBuild } from './instance/watch-build.js'
import { Problem } from './problem.js'

const print = (text: string) => void process.stdout.write(`${text}\n`)
// Nobody may be reading any more: a closed pipe is no reason to end without stopping what runs.
process.stdout.on('error', () => undefined)

const settings = readSettings(process.argv.slice(2), process.env)
const running = new StopStack()
const start = runInstance(settings, running, print)
stopOnSignals(running, start, print)

try {
  const services = await start
  const restart = async () => {
    print('Rebuilt; restarting the services …')
    await rebuildPlayground(settings.root)
    await Promise.all(services.map((service) => service.restart()))
  }
  if (settings.dev) await running.push(await watchBuild(settings, restart, print))
} catch (error) {
  if (running.isStopping || error instanceof Interrupted) await new Promise(() => undefined)
  await running.stop()
  console.error(error instanceof Problem ? error.message : error)
  process.exit(1)
}
