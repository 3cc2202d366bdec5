import type { CaseReport } from './run-case.js'

/** What a run amounts to. */
export interface Totals {
  /** Acknowledged ones. */
  sends: number
  /** Message events that reached a device. */
  deliveries: number
  /** Times that a device asked for what it missed. */
  catchUps: number
  reports: CaseReport[]
  problems: string[]
}

/** A table with a line for each case that ran, for people. */
export function formatReports(reports: readonly CaseReport[]): string {
  const ids = [...new Set(reports.map(({ id }) => id))]
  const lines = ids.map((id) => formatCase(reports.filter((report) => report.id === id)))
  return ['case  result   times   sends  recovery p99', ...lines.sort()].join('\n')
}

export function formatTotals({ sends, deliveries, catchUps, reports, problems }: Totals): string {
  const count = (pattern: RegExp) => problems.filter((problem) => pattern.test(problem)).length
  const recovery = percentile99(reports.map(({ recoveryMs }) => recoveryMs))
  return [
    `sends acknowledged ${sends}, message events ${deliveries}, catch-ups ${catchUps}`,
    `lost ${count(/ lost | stored 0 times/)}, duplicated ${count(/stored ([2-9]|\d\d+) times|stored twice/)}, violations ${problems.length}, recovery p99 ${recovery} ms`,
  ].join('\n')
}

function formatCase(reports: readonly CaseReport[]): string {
  const [first] = reports
  const result = resultOf(reports)
  const sends = reports.reduce((sum, report) => sum + report.sends, 0)
  const recovery = percentile99(reports.map(({ recoveryMs }) => recoveryMs))
  const columns = [first?.id.padEnd(5), result.padEnd(7), String(reports.length).padStart(6), String(sends).padStart(7)]
  const remarks = [...new Set(reports.flatMap(({ notRun, measured }) => notRun ?? measured ?? []))].map((remark) => `\n      ${remark}`)
  return `${columns.join(' ')} ${String(recovery).padStart(10)} ms  ${first?.title}${remarks.slice(0, remarksMax).join('')}`
}

const remarksMax = 3

function resultOf(reports: readonly CaseReport[]): string {
  if (reports.some(({ problems }) => problems.length > 0)) return 'BROKEN'
  return reports.every(({ notRun }) => notRun !== undefined) ? 'not run' : 'held'
}

/** Nearest rank; of few values it is the highest. */
function percentile99(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.99) - 1)] ?? 0
}
