import { describe, expect, test } from 'vitest'
import { includesSeq, parseSeqRanges, seqAfterSkipping } from '../src/receipts/seq-ranges.js'

describe('ranges of seq', () => {
  test('are read from the text of a multirange, whose upper ends are exclusive', () => {
    expect(parseSeqRanges('{}')).toEqual([])
    expect(parseSeqRanges('{[1,5),[7,8)}')).toEqual([
      [1, 4],
      [7, 7],
    ])
  })

  test('include exactly the seqs between their ends', () => {
    const ranges = parseSeqRanges('{[2,4),[6,7),[9,12)}')
    const included = Array.from({ length: 14 }, (_, seq) => seq).filter((seq) => includesSeq(ranges, seq))
    expect(included).toEqual([2, 3, 6, 9, 10, 11])
  })

  test('find the top of a page as counting the messages that are left would', () => {
    const lastSeq = 30
    for (const text of ['{}', '{[30,31)}', '{[1,2)}', '{[3,6),[10,11),[28,31)}', '{[1,31)}']) {
      const deleted = parseSeqRanges(text)
      const left = Array.from({ length: lastSeq }, (_, i) => lastSeq - i).filter((seq) => !includesSeq(deleted, seq))
      for (let skip = 0; skip <= lastSeq; skip++) {
        const top = seqAfterSkipping(lastSeq, deleted, skip)
        const page = left.filter((seq) => seq <= top)
        expect(page, `${text} skipping ${skip}`).toEqual(left.slice(skip))
      }
    }
  })
})
