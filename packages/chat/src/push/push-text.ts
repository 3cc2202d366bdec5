import { codePointLength, firstCodePoints } from '@viatra-chat/contract'

// In code points, the unit of every text limit.
const shownMax = 100
// Deeper stacks than any script writes: they would paint over the rest of the screen.
const marksMax = 4

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
    .replace(new RegExp(`(\\p{M}{${marksMax}})\\p{M}+`, 'gu'), '$1')
    .trim()
  if (codePointLength(line) <= shownMax) return line
  let end = 0
  for (const { index, segment } of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(line)) {
    if (codePointLength(line.slice(0, index + segment.length)) > shownMax) break
    end = index + segment.length
  }
  // A single cluster longer than all that is shown.
  return end > 0 ? line.slice(0, end) : firstCodePoints(line, shownMax)
}
