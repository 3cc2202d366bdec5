import { readdir, readFile } from 'node:fs/promises'
import { parse, parseAllDocuments } from 'yaml'
import { rootFolder } from './dockerfiles.js'

/** A Kubernetes object. */
export interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string; annotations?: Record<string, string> }
  spec?: Record<string, unknown>
  data?: Record<string, string>
}

export type Values = Record<string, unknown>

const folder = `${rootFolder}infra/helm/viatra-chat/`

export const readValues = async (): Promise<Values> => parse(await readFile(`${folder}values.yaml`, 'utf8')) as Values

/**
 * Renders the chart without helm: the part of its language that our templates keep to, which is values, `if`, `quote`, `toJson` and `default`.
 * Whatever else stands in a template is an error, and so is a value that is not there.
 */
export async function renderChart(release: string, values: Values): Promise<Manifest[]> {
  const chart = parse(await readFile(`${folder}Chart.yaml`, 'utf8')) as Record<string, unknown>
  const scope = { Values: values, Release: { Name: release }, Chart: { AppVersion: chart['appVersion'] } }
  const files = (await readdir(`${folder}templates`)).sort()
  const texts = await Promise.all(files.map(async (file) => render(await readFile(`${folder}templates/${file}`, 'utf8'), scope)))
  return texts
    .flatMap((text) => parseAllDocuments(text).map((document) => toManifest(document.toJS(), document.errors)))
    .filter((manifest) => manifest !== undefined)
}

function toManifest(value: unknown, errors: readonly Error[]): Manifest | undefined {
  if (errors[0]) throw errors[0]
  return value === null ? undefined : (value as Manifest)
}

function render(template: string, scope: object): string {
  const kept = template.replaceAll(/\{\{- if (\S+) \}\}\n(.*?)\{\{- end \}\}\n?/gs, (_, path: string, body: string) =>
    find(path, scope) ? body : '',
  )
  return kept.replaceAll(/\{\{ ?(.*?) ?\}\}/g, (_, expression: string) => evaluate(expression, scope))
}

function evaluate(expression: string, scope: object): string {
  const [path = '', ...filters] = expression.split('|').map((part) => part.trim())
  const value = filters.reduce((piped, filter) => apply(filter, piped, scope), find(path, scope))
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  throw new Error(`${expression} is no text`)
}

function apply(filter: string, value: unknown, scope: object): unknown {
  const [name, argument = ''] = filter.split(' ')
  switch (name) {
    case 'quote':
      return JSON.stringify(String(value))
    case 'toJson':
      return JSON.stringify(value)
    case 'default':
      return value === '' ? find(argument, scope) : value
    default:
      throw new Error(`${filter} is not known here`)
  }
}

function find(path: string, scope: object): unknown {
  if (!/^(\.\w+)+$/.test(path)) throw new Error(`${path} is not known here`)
  return path
    .slice(1)
    .split('.')
    .reduce<unknown>((value, name) => {
      if (typeof value === 'object' && value !== null && name in value) return (value as Record<string, unknown>)[name]
      throw new Error(`${path} has no value`)
    }, scope)
}
