import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { DockerfileParser, type Cmd, type Env, type Healthcheck, type Instruction } from 'dockerfile-ast'

export const rootFolder = fileURLToPath(new URL('../../', import.meta.url))
const folder = `${rootFolder}infra/docker/`

/** What is checked of an image's description. */
export interface Image {
  name: string
  text: string
  /** Instructions of the last stage: what runs. */
  final: readonly Instruction[]
  all: readonly Instruction[]
  command: string[]
  healthCommand: string[]
  /** What the image sets, arguments of the build left empty. */
  env: Record<string, string>
}

export async function readImages(): Promise<Image[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.Dockerfile'))
  return Promise.all(files.map(async (file) => toImage(file.replace('.Dockerfile', ''), await readFile(folder + file, 'utf8'))))
}

function toImage(name: string, text: string): Image {
  const all = DockerfileParser.parse(text).getInstructions()
  const final = all.slice(all.findLastIndex((instruction) => instruction.getKeyword() === 'FROM'))
  const ofFinal = (keyword: string) => final.filter((instruction) => instruction.getKeyword() === keyword)
  const [command] = ofFinal('CMD') as Cmd[]
  const [health] = ofFinal('HEALTHCHECK') as Healthcheck[]
  const properties = (ofFinal('ENV') as Env[]).flatMap((env) => env.getProperties())
  return {
    name,
    text,
    all,
    final,
    command: execForm(command?.getArgumentsContent()),
    healthCommand: execForm(health?.getArgumentsContent()?.replace(/^.*?CMD\s/, '')),
    env: Object.fromEntries(properties.map((property) => [property.getName(), (property.getValue() ?? '').replace(/\$\{.*\}/, '')])),
  }
}

/** Empty for a command that a shell would run, and that would then not hear signals. */
function execForm(text: string | null | undefined): string[] {
  return text?.startsWith('[') ? (JSON.parse(text) as string[]) : []
}
