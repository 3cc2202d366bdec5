/** The text of PostgreSQL's int8multirange over ascending whole numbers: `{[1,4),[7,8)}`. */
export function toMultirange(seqs: readonly number[]): string {
  const ranges: [from: number, to: number][] = []
  for (const seq of seqs) {
    const last = ranges.at(-1)
    if (last && last[1] === seq) last[1] = seq + 1
    else ranges.push([seq, seq + 1])
  }
  return `{${ranges.map(([from, to]) => `[${from},${to})`).join(',')}}`
}
