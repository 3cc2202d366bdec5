import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Problem } from '../problem.js'

/** What a local run is to be, read once from the command line and the environment. */
export interface Settings {
  /** The checkout. */
  root: string
  /** Everything that a run keeps: data, logs, the signing secret. `VIATRA_DATA_DIR`, else `.data` in the checkout. */
  dataDir: string
  /** Watch mode with readable logs (`--dev`). */
  dev: boolean
  /** Forget what earlier runs kept (`--fresh`). */
  fresh: boolean
  /** The public port (`PORT`, 8080); APIs follow from port + 1, gateways from port + 11, the metrics of each 20 above it. */
  port: number
  /** The address to listen on (`HOST`); the addresses of `localhost` unless given. */
  hosts?: string[]
  apis: number
  gateways: number
  /** Passed on to every process that is started. */
  env: NodeJS.ProcessEnv
  programs: Programs
}

/** Entry points of what a run starts. */
export interface Programs {
  api: string
  gateway: string
}

const processesMax = 10

/** The checkout that this code was built in. */
export const rootFolder = join(dirname(fileURLToPath(import.meta.url)), '../../../..')

/** @throws Problem that names the variable or option that makes no sense. */
export function readSettings(args: string[], env: NodeJS.ProcessEnv): Settings {
  const unknown = args.find((arg) => arg !== '--dev' && arg !== '--fresh')
  if (unknown !== undefined) throw new Problem(`Unknown option ${unknown}: there is --fresh (forget all data and begin anew).`)
  const root = rootFolder
  const dev = args.includes('--dev')
  return {
    root,
    dataDir: dataDirOf(root, env),
    dev,
    fresh: args.includes('--fresh'),
    port: wholeNumber(env, 'PORT', 8080, 1, 65_535 - processesMax * 4),
    ...(env.HOST ? { hosts: [env.HOST] } : {}),
    apis: wholeNumber(env, 'APIS', 1, 1, processesMax),
    gateways: wholeNumber(env, 'GATEWAYS', 2, 1, processesMax),
    env: dev ? { LOG_LEVEL: 'debug', ...env } : env,
    programs: programsOf(root),
  }
}

/** Where a run of this checkout keeps its data. */
export function dataDirOf(root: string, env: NodeJS.ProcessEnv): string {
  return env.VIATRA_DATA_DIR ? resolve(env.VIATRA_DATA_DIR) : join(root, '.data')
}

function programsOf(root: string): Programs {
  return {
    api: join(root, 'services/api/dist/main.js'),
    gateway: join(root, 'services/gateway/dist/main.js'),
  }
}

function wholeNumber(env: NodeJS.ProcessEnv, name: string, otherwise: number, min: number, max: number): number {
  const text = env[name]
  if (!text) return otherwise
  const value = Number(text)
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new Problem(`${name}=${text} is not possible: give a whole number from ${min} to ${max}.`)
}
