import type { ProcessPlan } from '../processes/supervised-process.js'
import { imageOptions } from './image-options.js'
import type { Print } from './run-instance.js'
import { everything, problemsOnly, serviceLog } from './service-log.js'
import type { Settings } from './settings.js'

/** Ports of the API processes: from the public one's neighbour on. */
export function apiPorts({ port, apis }: Settings): number[] {
  return Array.from({ length: apis }, (_, index) => port + 1 + index)
}

/** Ports of the gateway processes: from the public one + 11 on. */
export function gatewayPorts({ port, gateways }: Settings): number[] {
  return Array.from({ length: gateways }, (_, index) => port + 11 + index)
}

/** The metrics page of a process is as far above it as there can be processes. */
export const metricsPortOf = (port: number): number => port + 20

/** How each API and gateway process is run, given the environment that they share. */
export function servicePlans(settings: Settings, env: NodeJS.ProcessEnv, print: Print): { apis: ProcessPlan[]; gateways: ProcessPlan[] } {
  const plan = (service: 'api' | 'gateway') => (port: number, index: number) =>
    servicePlan(settings, service, `${service}-${index + 1}`, portsOf(env, port), print)
  return { apis: apiPorts(settings).map(plan('api')), gateways: gatewayPorts(settings).map(plan('gateway')) }
}

const portsOf = (env: NodeJS.ProcessEnv, port: number) => ({ ...env, PORT: String(port), METRICS_PORT: String(metricsPortOf(port)) })

function servicePlan(settings: Settings, service: 'api' | 'gateway', name: string, env: NodeJS.ProcessEnv, print: Print): ProcessPlan {
  const show = settings.dev ? everything(name, print) : problemsOnly(name, print)
  return {
    name,
    command: process.execPath,
    args: [...imageOptions(settings.root, service), settings.programs[service]],
    env,
    cwd: settings.root,
    isReady: () => isReady(Number(env.PORT)),
    readyWithinMs: 30_000,
    stopSignal: 'SIGTERM',
    graceMs: 15_000,
    killSignal: 'SIGKILL',
    onLine: serviceLog(settings.dataDir, name, show),
    onRestart: print,
  }
}

async function isReady(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(1000) })
  await response.body?.cancel()
  return response.ok
}
