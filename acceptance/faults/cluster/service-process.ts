import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { requireSoon } from '../until.js'
import { findFreePort } from './find-free-port.js'

export interface ServicePlan {
  /** `api-1`, as it is called in reports. */
  name: string
  /** The program's file. */
  main: string
  env: Record<string, string>
  /** Options of Node before the program. */
  nodeOptions?: readonly string[]
  /** How many files and connections the process may have open; as this one unless given. */
  openFilesMax?: number
}

const linesKept = 60
const startWithinMs = 60_000
const endWithinMs = 20_000

/** An API or a gateway as a process of its own, always on the same port, that can be killed, frozen, stopped and started again. */
export class ServiceProcess {
  readonly name: string
  /** One sentence for each time that it ended unasked, or ended in another way than it was asked to. */
  readonly unexpectedEnds: string[] = []
  /** The last lines of its log. */
  readonly lastLines: string[] = []
  #child: ChildProcess | undefined
  #endIsExpected = true
  readonly #plan: ServicePlan
  readonly #port: number

  private constructor(plan: ServicePlan, port: number) {
    this.name = plan.name
    this.#plan = plan
    this.#port = port
  }

  /** Chooses a port and starts it. */
  static async start(plan: ServicePlan): Promise<ServiceProcess> {
    const service = new ServiceProcess(plan, await findFreePort())
    await service.start()
    return service
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get isRunning(): boolean {
    return this.#child !== undefined
  }

  /** Resolves once it answers; stores that are away do not matter. */
  async start(): Promise<void> {
    const { env, name } = this.#plan
    const [command, args] = commandOf(this.#plan)
    // With the channel it ends by itself when this process is gone, however that happens.
    const child = spawn(command, args, {
      env: { PATH: process.env.PATH, ...env, HOST: '127.0.0.1', PORT: String(this.#port) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#child = child
    this.#endIsExpected = false
    for (const output of [child.stdout, child.stderr]) if (output) createInterface({ input: output }).on('line', (line) => this.#keep(line))
    child.once('exit', (code, signal) => this.#ended(child, code, signal))
    await requireSoon(() => this.answers('/healthz'), startWithinMs, `${name} did not start: ${this.lastLines.at(-1)}`)
  }

  /** SIGKILL: no last words, no goodbye. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM, as a deployment does. */
  async stop(): Promise<void> {
    const code = await this.#end('SIGTERM')
    if (code !== 0 && code !== undefined) this.unexpectedEnds.push(`${this.name} ended with ${code} when it was asked to stop`)
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  async answers(path: string): Promise<boolean> {
    const response = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(1000) }).catch(() => undefined)
    await response?.body?.cancel()
    return response?.ok ?? false
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | string | undefined> {
    const child = this.#child
    if (!child) return undefined
    this.#endIsExpected = true
    const exit = once(child, 'exit')
    child.kill(signal)
    const insist = setTimeout(() => child.kill('SIGKILL'), endWithinMs)
    const [code, by] = (await exit) as [number | null, string | null]
    clearTimeout(insist)
    return code ?? by ?? undefined
  }

  #ended(child: ChildProcess, code: number | null, signal: string | null): void {
    if (this.#child === child) this.#child = undefined
    if (this.#endIsExpected) return
    this.unexpectedEnds.push(`${this.name} ended by itself with ${code ?? signal}: ${this.lastLines.slice(-3).join(' | ')}`)
  }

  #keep(line: string): void {
    this.lastLines.push(line)
    if (this.lastLines.length > linesKept) this.lastLines.shift()
  }
}

function commandOf({ main, nodeOptions = [], openFilesMax }: ServicePlan): [command: string, args: string[]] {
  const node = [process.execPath, ...nodeOptions, main]
  if (openFilesMax !== undefined) return ['/bin/sh', ['-c', 'ulimit -n "$0" && exec "$@"', String(openFilesMax), ...node]]
  return [process.execPath, node.slice(1)]
}
