const shownMax = 100
// Deeper stacks than any script writes: they would paint over the rest of the screen.
const marksMax = 4

/**
 * Text for a lock screen: one line, no control characters, none that change the direction of what follows, at most 100 characters as people
 * count them (grapheme clusters), cut between two of them.
 */
export function pushText(text: string): string {
  const line = text
    .slice(0, 2000)
    .toWellFormed()
    .replace(/\s+/gu, ' ')
    .replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, '')
    .replace(new RegExp(`(\\p{M}{${marksMax}})\\p{M}+`, 'gu'), '$1')
    .trim()
  const characters = Array.from(new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(line), ({ segment }) => segment)
  return characters.slice(0, shownMax).join('')
}
