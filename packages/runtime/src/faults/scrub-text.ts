/** Takes out of a sentence what it may quote: what people wrote, tokens, addresses, passwords in URLs. */
export function scrubText(text: string): string {
  return text
    .replace(/\beyJ[\w-]+\.[\w-]*\.?[\w-]*/g, '[token]')
    .replace(/\bbearer\s+\S+/gi, 'Bearer [token]')
    .replace(/(\w+:\/\/)[^@\s/]+@/g, '$1[credentials]@')
    .replace(/[\w.+-]+@[\w-]+\.[\w.-]+/g, '[address]')
    .replace(/"(?:[^"\\]|\\.)*"/g, '"…"')
    .replace(/'(?:[^'\\]|\\.)*'/g, "'…'")
    .replace(/\((?:[^()]|\([^()]*\))*\)=\(.*\)/g, '(…)=(…)')
}
