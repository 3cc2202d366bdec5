import { ConfigError } from './config-error.js'

/** The shape of `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface NumberBounds {
  default: number
  min: number
  max: number
}

/**
 * Reads single settings and gathers what is wrong with them, so that one failed start names every problem.
 * A bad value yields a stand-in; nothing read here may be used before `requireNoProblems`.
 */
export class Settings {
  readonly #env: Environment
  readonly #problems: string[] = []

  constructor(env: Environment) {
    this.#env = env
  }

  get production(): boolean {
    return this.#env['NODE_ENV'] === 'production'
  }

  report(name: string, problem: string): void {
    this.#problems.push(`${name}: ${problem}`)
  }

  requireNoProblems(): void {
    if (this.#problems.length > 0) throw new ConfigError([...this.#problems])
  }

  /** The value as it is; undefined when absent or blank, as compose files write `NAME=` for "not set". */
  verbatim(name: string): string | undefined {
    const value = this.#env[name]
    return value === undefined || value.trim() === '' ? undefined : value
  }

  text(name: string): string | undefined {
    return this.verbatim(name)?.trim()
  }

  integer(name: string, bounds: NumberBounds): number {
    const value = this.text(name)
    if (value === undefined) return bounds.default
    const number = /^-?\d+$/.test(value) ? Number(value) : NaN
    if (number >= bounds.min && number <= bounds.max) return number
    this.report(name, `must be an integer from ${bounds.min} to ${bounds.max}, but is ${JSON.stringify(value)}`)
    return bounds.default
  }

  positiveNumber(name: string, bounds: Omit<NumberBounds, 'min'>): number {
    const value = this.text(name)
    if (value === undefined) return bounds.default
    const number = Number(value)
    if (number > 0 && number <= bounds.max) return number
    this.report(name, `must be a number above 0 and at most ${bounds.max}, but is ${JSON.stringify(value)}`)
    return bounds.default
  }

  /** `7d`, `1h`, `15m`, `900s` or plain seconds, in milliseconds. */
  durationMs(name: string, defaultMs: number): number {
    const value = this.text(name)
    if (value === undefined) return defaultMs
    const ms = parseDurationMs(value)
    if (ms !== undefined) return ms
    this.report(name, `must be a duration such as 7d, 1h, 15m or 900s, at most ${DURATION_DAYS_MAX}d, but is ${JSON.stringify(value)}`)
    return defaultMs
  }

  choice<T extends string>(name: string, allowed: readonly T[], whenAbsent: T): T {
    const value = this.text(name)
    if (value === undefined) return whenAbsent
    const chosen = allowed.find((option) => option === value)
    if (chosen !== undefined) return chosen
    this.report(name, `must be one of ${allowed.join(', ')}, but is ${JSON.stringify(value)}`)
    return whenAbsent
  }

  choices<T extends string>(name: string, allowed: readonly T[], whenAbsent: readonly T[]): readonly T[] {
    const values = this.list(name)
    const chosen = allowed.filter((option) => values.includes(option))
    if (values.length === 0) return whenAbsent
    if (chosen.length === new Set(values).size) return chosen
    this.report(name, `must be a comma-separated list of ${allowed.join(', ')}, but is ${JSON.stringify(values.join(','))}`)
    return whenAbsent
  }

  list(name: string): string[] {
    const parts = (this.text(name) ?? '').split(',')
    return parts.map((part) => part.trim()).filter((part) => part !== '')
  }

  requiredUrl(name: string, protocols: readonly string[]): string {
    const value = this.url(name, protocols)
    if (value === undefined) this.report(name, 'is missing')
    return value ?? ''
  }

  /** Never repeats the value in a problem: URLs carry passwords. */
  url(name: string, protocols: readonly string[]): string | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const wellFormed = URL.canParse(value) && protocols.includes(new URL(value).protocol)
    if (!wellFormed) this.report(name, `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`)
    return value
  }
}

const DURATION_DAYS_MAX = 3650
const MS_PER_UNIT = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * @param text a whole number and `s`, `m`, `h` or `d`; without a unit it means seconds.
 * @returns milliseconds; undefined when malformed, zero or longer than ten years.
 */
export function parseDurationMs(text: string): number | undefined {
  const [, amount, unit = 's'] = /^(\d{1,12})([smhd])?$/.exec(text) ?? []
  const ms = Number(amount) * MS_PER_UNIT[unit as keyof typeof MS_PER_UNIT]
  return ms > 0 && ms <= DURATION_DAYS_MAX * MS_PER_UNIT.d ? ms : undefined
}
