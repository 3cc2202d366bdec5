/** How many checks or tests came out how. */
export interface Counts {
  passed: number
  failed: number
  skipped: number
}

/** The part of Vitest's JSON report that is read here. */
export interface VitestReport {
  success: boolean
  testResults: { status: 'passed' | 'failed'; assertionResults: { status: string }[] }[]
}

/**
 * Counts tests. A file that could not be loaded counts as one failure, and so does a run that failed without a failed test (an unhandled error).
 * @param report undefined when Vitest ended without one.
 */
export function countTests(report: VitestReport | undefined, exitCode: number): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const file of report?.testResults ?? []) {
    for (const { status } of file.assertionResults) counts[kindOf(status)]++
    if (file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed')) counts.failed++
  }
  if (exitCode !== 0 && counts.failed === 0) counts.failed++
  return counts
}

function kindOf(status: string): keyof Counts {
  if (status === 'passed' || status === 'failed') return status
  return 'skipped'
}

/** One check: passed or failed as a whole. */
export function countCheck(exitCode: number): Counts {
  return exitCode === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

/** The sum as the last line of a test run. */
export function summaryLine(all: Counts[]): string {
  const sum = (kind: keyof Counts) => all.reduce((total, counts) => total + counts[kind], 0)
  const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : ''
  return `${sum('passed')} passed, ${sum('failed')} failed${skipped}`
}
