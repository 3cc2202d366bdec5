/** Ranges of seq, both ends included, ascending and apart: `[[1, 4], [7, 7]]`. */
export type SeqRanges = readonly (readonly [from: number, to: number])[]

/** Reads PostgreSQL's text of an int8multirange: `{[1,5),[7,8)}`. */
export function parseSeqRanges(text: string): SeqRanges {
  return [...text.matchAll(/\[(\d+),(\d+)\)/g)].map(([, from, to]) => [Number(from), Number(to) - 1] as const)
}

/** Whether a seq lies in one of the ranges; binary search, since a page of messages asks often. */
export function includesSeq(ranges: SeqRanges, seq: number): boolean {
  let low = 0
  let high = ranges.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const [from, to] = ranges[middle] ?? [0, 0]
    if (seq < from) high = middle - 1
    else if (seq > to) low = middle + 1
    else return true
  }
  return false
}

/**
 * The seq of the newest message after `skip` messages from the top are passed over, deleted ones not counted; 0 when there is none.
 * Costs the number of deleted ranges, not the depth of the page.
 */
export function seqAfterSkipping(lastSeq: number, deleted: SeqRanges, skip: number): number {
  let top = lastSeq
  let left = skip
  for (const [from, to] of [...deleted].reverse()) {
    const live = Math.max(0, top - to)
    if (left < live) return top - left
    left -= live
    top = Math.min(top, from - 1)
  }
  return Math.max(0, top - left)
}
