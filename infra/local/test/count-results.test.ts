import { expect, test } from 'vitest'
import { countCheck, countTests, summaryLine } from '../src/checks/count-results.js'

const file = (status: 'passed' | 'failed', ...tests: string[]) => ({ status, assertionResults: tests.map((each) => ({ status: each })) })

test('tests are counted one by one, and checks as one each', () => {
  const tests = countTests({ success: false, testResults: [file('passed', 'passed', 'passed'), file('failed', 'passed', 'failed')] }, 1)
  expect(summaryLine([countCheck(0), countCheck(2), tests])).toBe('4 passed, 2 failed')
})

test('a file that does not load is a failure', () => {
  expect(countTests({ success: false, testResults: [file('failed')] }, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 })
})

test('a run that fails without a failed test, or without any report, is a failure', () => {
  expect(countTests({ success: false, testResults: [file('passed', 'passed')] }, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 })
  expect(countTests(undefined, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 })
})

test('skipped tests are told only when there are any', () => {
  expect(summaryLine([countTests({ success: true, testResults: [file('passed', 'passed', 'skipped', 'todo')] }, 0)])).toBe(
    '1 passed, 0 failed, 2 skipped',
  )
})
