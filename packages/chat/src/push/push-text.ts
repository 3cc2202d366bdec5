import { codePointLength, firstCodePoints } from '@viatra-chat/contract'

// In code points, the unit of every text limit.
const shownMax = 100
// Deeper stacks than any script writes: they would paint over the rest of the screen.
const marksMax = 4
const piledMarks = new RegExp(`(\\p{M}{${marksMax}})\\p{M}+`, 'gu')
const asciiAlone = /^[\x20-\x7e]*$/
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/**
 * Text for a lock screen: one line, no control characters, none that change the direction of what follows, at most 100 characters (code points), cut
 * between two that people see as one (grapheme clusters).
 */
export function pushText(text: string): string {
  const line = text
    .slice(0, 2000)
    .toWellFormed()
    .replace(/\s+/gu, ' ')
    .replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, '')
    .replace(piledMarks, '$1')
    .trim()
  if (codePointLength(line) <= shownMax) return line
  // Most texts. Looking for graphemes took an eighth of all that sending a push costs.
  if (asciiAlone.test(line)) return line.slice(0, shownMax)
  let [end, shown] = [0, 0]
  for (const { index, segment } of graphemes.segment(line)) {
    shown += codePointLength(segment)
    if (shown > shownMax) break
    end = index + segment.length
  }
  // A single cluster longer than all that is shown.
  return end > 0 ? line.slice(0, end) : firstCodePoints(line, shownMax)
}
