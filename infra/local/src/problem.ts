/** Something that stops the command and that the person at the terminal can act on: `message` is one clear sentence, shown without a stack. */
export class Problem extends Error {
  override name = 'Problem'
}

/** The first line of any thrown value, to be put into a sentence of our own. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n')[0] ?? text
}
