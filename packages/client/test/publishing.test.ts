import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { Application, type LogLevel, Logger } from 'typedoc'
import { describe, expect, test } from 'vitest'

const folder = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))

describe.each(['client', 'contract'])('the package %s', (name) => {
  const manifest = JSON.parse(readFileSync(`${folder(name)}/package.json`, 'utf8')) as Record<string, unknown>

  test('is fit for a registry', async () => {
    const { messages } = await publint({ pkgDir: folder(name), pack: false, strict: true })
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([])
  })

  test('is published, with its licence and its words', () => {
    expect(manifest).toMatchObject({ license: 'MIT', type: 'module', sideEffects: false, publishConfig: { access: 'public' } })
    expect(manifest).not.toHaveProperty('private')
    for (const file of ['README.md', 'LICENSE']) expect(readFileSync(`${folder(name)}/${file}`, 'utf8')).not.toBe('')
  })
})

test('who takes only a part of it does not pay for the rest', async () => {
  const contents = `import { ChatError } from '@viatra-chat/client'; console.log(ChatError)`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder('playground') },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  })
  expect(gzipSync(outputFiles[0]?.text ?? '').length).toBeLessThan(600)
})

test('everything that is exported says what it is', { timeout: 60_000 }, async () => {
  const app = await Application.bootstrapWithPlugins({ options: folder('client'), tsconfig: `${folder('client')}/tsconfig.json` })
  const warnings: string[] = []
  app.logger = new (class extends Logger {
    override log(message: string, _level: LogLevel): void {
      warnings.push(message)
    }
  })()
  const project = await app.convert()
  expect(project).toBeDefined()
  if (project) app.validate(project)
  // Cases of a union say what they are as a whole; contract types are documented where they are made.
  expect(warnings.filter((line) => line.includes('does not have any documentation') && !line.includes('__type'))).toEqual([])
})
