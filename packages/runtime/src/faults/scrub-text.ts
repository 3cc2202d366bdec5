/** As much as says what went wrong. The patterns below look at a text of this length again and again; at a long one they would for seconds. */
const lengthMax = 2000

/** Takes out of a sentence what it may quote: what people wrote, tokens, addresses, passwords in URLs. A long one is cut. */
export function scrubText(text: string): string {
  if (text.length <= lengthMax) return scrub(text)
  // Not in the middle of a word, which would be known by its end alone; and what is open where the text ends is quoted to the end.
  const start = scrub(text.slice(0, lengthMax).replace(/\S*$/, ''))
  return `${start.replace(/(["'])(?:(?!\1)[^])*$/, '$1').replace(/\)=\([^)]*$/, ')=(')}…`
}

function scrub(text: string): string {
  return text
    .replace(/\beyJ[\w-]+\.[\w-]*\.?[\w-]*/g, '[token]')
    .replace(/\bbearer\s+\S+/gi, 'Bearer [token]')
    .replace(/(\w+:\/\/)[^@\s/]+@/g, '$1[credentials]@')
    .replace(/[\w.+-]+@[\w-]+\.[\w.-]+/g, '[address]')
    .replace(/"(?:[^"\\]|\\.)*"/g, '"…"')
    .replace(/'(?:[^'\\]|\\.)*'/g, "'…'")
    .replace(/\((?:[^()]|\([^()]*\))*\)=\(.*\)/g, '(…)=(…)')
}
