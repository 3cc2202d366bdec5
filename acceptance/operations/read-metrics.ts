/** One line of a metrics page. */
export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

/** Reads a metrics page as Prometheus would. */
export async function readMetrics(url: string): Promise<Sample[]> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return parseMetrics(await response.text())
}

export function parseMetrics(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^([a-zA-Z_:]\w*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    return name === undefined ? [] : { name, labels: readLabels(labels), value: Number(value) }
  })
}

function readLabels(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [name, value]))
}

/** The sum of all samples of a name that have these labels; 0 when there is none. */
export function sumOf(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number {
  const fits = (sample: Sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
  return samples.filter(fits).reduce((sum, { value }) => sum + value, 0)
}
