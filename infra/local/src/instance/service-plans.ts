import type { ProcessPlan } from '../processes/supervised-process.js'
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
  const { programs } = settings
  return {
    apis: apiPorts(settings).map((port, index) => servicePlan(settings, `api-${index + 1}`, programs.api, portsOf(env, port), print)),
    gateways: gatewayPorts(settings).map((port, index) =>
      servicePlan(settings, `gateway-${index + 1}`, programs.gateway, portsOf(env, port), print),
    ),
  }
}

const portsOf = (env: NodeJS.ProcessEnv, port: number) => ({ ...env, PORT: String(port), METRICS_PORT: String(metricsPortOf(port)) })

function servicePlan(settings: Settings, name: string, program: string, env: NodeJS.ProcessEnv, print: Print): ProcessPlan {
  const show = settings.dev ? everything(name, print) : problemsOnly(name, print)
  return {
    name,
    command: process.execPath,
    args: ['--enable-source-maps', program],
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
