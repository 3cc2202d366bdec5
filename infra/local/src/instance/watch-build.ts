import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SupervisedProcess } from '../processes/supervised-process.js'
import type { Print } from './run-instance.js'
import type { Settings } from './settings.js'

/**
 * Compiles every change and calls `onBuilt` when a change has compiled without errors.
 * @returns the compiler's process.
 */
export async function watchBuild({ root, env }: Settings, onBuilt: () => Promise<void>, print: Print): Promise<SupervisedProcess> {
  let builds = 0
  const afterBuild = oneAtATime(onBuilt)
  const onLine = (line: string) => {
    if (/error TS\d+/.test(line)) print(`build  ${line}`)
    const finished = /Found (\d+) errors?\. Watching/.exec(line)
    // The first report only says that what already runs is up to date.
    if (finished?.[1] === '0' && ++builds > 1) afterBuild()
  }
  const compiler = new SupervisedProcess({
    name: 'build',
    command: process.execPath,
    args: [join(root, 'node_modules/typescript/bin/tsc'), '-b', '--watch', '--preserveWatchOutput', '--pretty', 'false'],
    cwd: root,
    env,
    isReady: () => Promise.resolve(true),
    readyWithinMs: 1000,
    stopSignal: 'SIGTERM',
    graceMs: 2000,
    killSignal: 'SIGKILL',
    onLine,
    onRestart: print,
  })
  await compiler.start()
  return compiler
}

/** Bundles the page anew if a source of it changed. Its builder is a script, since it runs before anything is compiled. */
export async function rebuildPlayground(root: string): Promise<void> {
  const { buildPlayground } = (await import(pathToFileURL(join(root, 'packages/playground/build.mjs')).href)) as {
    buildPlayground(): Promise<void>
  }
  await buildPlayground()
}

/** Calls that come while one is under way become one call after it. */
function oneAtATime(work: () => Promise<void>): () => void {
  let underWay = false
  let again = false
  const run = async () => {
    underWay = true
    do {
      again = false
      await work()
    } while (again)
    underWay = false
  }
  return () => {
    if (underWay) again = true
    else void run()
  }
}
