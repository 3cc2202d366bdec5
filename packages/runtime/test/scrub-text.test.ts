import { describe, expect, test } from 'vitest'
import { scrubText } from '../src/faults/scrub-text.js'

describe('of what an error says, as it is reported', () => {
  test.each([
    ['a token', 'refused eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig-nature_1 there', 'refused [token] there'],
    ['a header', 'sent Bearer abc.def', 'sent Bearer [token]'],
    ['credentials of an address', 'no answer from postgres://chat:secret@db/chat', 'no answer from postgres://[credentials]@db/chat'],
    ['an address of mail', 'no such ann.b+c@example.org.', 'no such [address]'],
    ['what is quoted', `invalid input "I feel \\"dizzy\\"" and 'so on'`, `invalid input "…" and '…'`],

    ['a row', 'Key (content, (a))=(I feel dizzy) exists', 'Key (…)=(…) exists'],
  ])('%s is not told', (_, text, told) => {
    expect(scrubText(text)).toBe(told)
  })

  test.each([
    ['what is quoted', (x: string) => `invalid input "${x}"`, 'invalid input "…'],
    ['a row', (x: string) => `Key (content)=(${x})`, 'Key (content)=(…'],
  ])('%s of any length is not told either, whose text is cut', (_, say, told) => {
    const text = scrubText(say('dizzy '.repeat(100_000)))
    expect(text.startsWith(told)).toBe(true)
    expect(text.length).toBeLessThan(5000)
    expect(text).not.toContain('dizzy')
  })

  test('an apostrophe quotes nothing', () => {
    expect(scrubText(`it can't be done`)).toBe(`it can't be done`)
  })

  test('what is cut in its middle is not told by half', () => {
    for (let before = 1900; before < 2010; before++) {
      const padding = '. '.repeat(before / 2)
      expect(scrubText(`${padding}eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.signature_1`)).not.toMatch(/eyJzdWI|signature/)
      expect(scrubText(`${padding}postgres://chat:secret@db/chat`)).not.toContain('secret')
      expect(scrubText(`${padding}ann.b@example.org`)).not.toContain('ann.b')
    }
  })

  // Each of these took seconds, in which nobody else was served.
  test.each(['a', '-', '+.', 'eyJ', "'\\", '"', '(', '(()', '()=(', 'a@', 'a://', 'bearer '])(
    'a megabyte of %s ends',
    (piece) => {
      expect(scrubText(piece.repeat(1_000_000 / piece.length)).length).toBeLessThan(5000)
    },
    5000,
  )
})
