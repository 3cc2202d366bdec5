import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem, reasonOf } from '../problem.js'
import { endWithParent } from './end-with-parent.js'
import { LastWords } from './last-words.js'
import { stopChild } from './stop-process.js'

/** How one process is run, told ready, and stopped. */
export interface ProcessPlan {
  /** As it is called in messages: `api-1`, `postgres`. */
  name: string
  command: string
  args: string[]
  env?: NodeJS.ProcessEnv
  cwd?: string
  uid?: number
  gid?: number
  /** Written to its standard input, which is then closed. */
  input?: string
  isReady(): Promise<boolean>
  readyWithinMs: number
  stopSignal: 'SIGINT' | 'SIGTERM'
  /** After this time a process that was asked to stop is killed. */
  graceMs: number
  /** Ends it at once, when the person insists. */
  killSignal: 'SIGKILL' | 'SIGQUIT'
  /** A folder that is worthless without the process, removed should we die without stopping it. */
  removeFolder?: string
  /** Receives every line it writes. */
  onLine?(line: string): void
  /** Told in one sentence when it ends unasked. Absent: it is not started again. */
  onRestart?(sentence: string): void
}

const backOffFirstMs = 500
const backOffLastMs = 10_000
// A process that lived this long was healthy: the next restart is quick again.
const healthyAfterMs = 30_000

/**
 * One process of the local set-up, in a process group of its own, so that a Ctrl-C at the terminal reaches only us and we stop things in order.
 * States: stopped → starting → running → stopping → stopped; running → waiting → starting when it ends unasked and `onRestart` is given.
 */
export class SupervisedProcess {
  private child: ChildProcess | undefined
  // Counts the stops: a restart that is due belongs to the life before, and a stop in between calls it off.
  private stops = 0
  private backOffMs = backOffFirstMs
  private waiting = new AbortController()

  constructor(readonly plan: ProcessPlan) {}

  /**
   * Starts the process and waits until it is ready.
   * @throws Problem when it ends or is not ready in time; it is gone then.
   */
  async start(): Promise<void> {
    const lastWords = new LastWords()
    const stopsBefore = this.stops
    const child = this.spawn(lastWords)
    const exit = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('close', (code, signal) => resolve(describeExit(code, signal, lastWords)))
    })
    const failure = await Promise.race([exit, this.untilReady(child, exit)])
    if (failure !== undefined) {
      await stopChild(child, 'SIGKILL', 0)
      throw new Problem(`${this.plan.name} did not start: ${failure}`)
    }
    const startedAt = Date.now()
    void exit.then((reason) => this.ended(reason, Date.now() - startedAt, stopsBefore))
  }

  /** Its process id while it runs. */
  get pid(): number | undefined {
    return this.child?.pid
  }

  /** Stops it in an orderly way. Harmless when it is not running. */
  async stop(): Promise<void> {
    this.stops++
    this.waiting.abort()
    if (this.child) await stopChild(this.child, this.plan.stopSignal, this.plan.graceMs)
  }

  /** Stops and starts it, as watch mode does after a change. What goes wrong is told through `onRestart`. */
  async restart(): Promise<void> {
    await this.stop()
    this.waiting = new AbortController()
    await this.start().catch((error: unknown) => this.plan.onRestart?.(reasonOf(error)))
  }

  /** Ends it at once, without waiting. */
  kill(): void {
    this.stops++
    this.waiting.abort()
    this.child?.kill(this.plan.killSignal)
  }

  private spawn(lastWords: LastWords): ChildProcess {
    const { command, args, env, cwd, uid, gid, input } = this.plan
    const user = uid === undefined ? {} : { uid, gid }
    const child = spawn(command, args, { env, cwd, ...user, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
    this.child = child
    child.stdin.on('error', () => undefined)
    child.stdin.end(input ?? '')
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output, crlfDelay: Infinity }).on('line', (line) => {
        lastWords.add(line)
        this.plan.onLine?.(line)
      })
    }
    this.guard(child)
    return child
  }

  private guard(child: ChildProcess): void {
    if (child.pid === undefined) return
    const { stopSignal, removeFolder } = this.plan
    const signal = stopSignal === 'SIGINT' ? 'INT' : 'TERM'
    const revoke = endWithParent({ pid: child.pid, signal, ...(removeFolder === undefined ? {} : { removeFolder }) })
    child.once('exit', revoke)
  }

  private async untilReady(child: ChildProcess, exit: Promise<string>): Promise<string | undefined> {
    const deadline = Date.now() + this.plan.readyWithinMs
    while (Date.now() < deadline) {
      if (await this.plan.isReady().catch(() => false)) return undefined
      if (child.exitCode !== null || child.signalCode !== null) return exit
      await sleep(25)
    }
    return `it was not ready within ${this.plan.readyWithinMs / 1000} s`
  }

  private async ended(reason: string, livedMs: number, stopsBefore: number): Promise<void> {
    if (livedMs > healthyAfterMs) this.backOffMs = backOffFirstMs
    let sentence = `${this.plan.name} ended (${reason})`
    while (this.stops === stopsBefore && this.plan.onRestart) {
      this.plan.onRestart(`${sentence}; starting it again in ${this.backOffMs / 1000} s`)
      await sleep(this.backOffMs, undefined, { signal: this.waiting.signal }).catch(() => undefined)
      this.backOffMs = Math.min(this.backOffMs * 2, backOffLastMs)
      if (this.stops !== stopsBefore) return
      try {
        return await this.start()
      } catch (error) {
        sentence = reasonOf(error)
      }
    }
  }
}

function describeExit(code: number | null, signal: NodeJS.Signals | null, lastWords: LastWords): string {
  // Who is killed has no time to say why: its last words were about something else.
  if (signal !== null) return `signal ${signal}`
  return lastWords.reason === '' ? `exit code ${code}` : `exit code ${code}: ${lastWords.reason}`
}
