const kept = 40

/** Remembers the last lines that a process wrote, to say in one line why it ended. */
export class LastWords {
  private lines: string[] = []

  add(line: string): void {
    this.lines.push(line)
    if (this.lines.length > kept) this.lines.shift()
  }

  /** The line that most likely names the reason; empty when the process said nothing. */
  get reason(): string {
    const candidates = this.lines.map(readable).filter((line) => line !== '' && !/^(\s+at |Node\.js v|\s*\^|file:\/\/)/.test(line))
    return candidates.findLast((line) => /error|fatal|fail|invalid|missing|refus|must|required/i.test(line)) ?? candidates.at(-1) ?? ''
  }
}

/** A structured log line becomes its message; any other line stays as it is. */
function readable(line: string): string {
  if (!line.startsWith('{')) return line.trimEnd()
  try {
    const entry = JSON.parse(line) as { level?: number; msg?: string; err?: { message?: string } }
    return [entry.msg, entry.err?.message].filter(Boolean).join(': ')
  } catch {
    return line
  }
}
