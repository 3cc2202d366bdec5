import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DebianProgram } from '@viatra-chat/local/stores'
import { eventually } from '@viatra-chat/testkit'
import { rootFolder } from './dockerfiles.js'

/** Fills the template in as the nginx image does: variables that are set, and no others. */
export async function fillTemplate(variables: Record<string, string>): Promise<string> {
  const template = await readFile(`${rootFolder}infra/docker/nginx/default.conf.template`, 'utf8')
  return template.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => variables[name] ?? whole)
}

/** nginx with the product's very configuration; what surrounds it is what the image brings. */
export async function startNginx({ command, env }: DebianProgram, variables: Record<string, string>): Promise<{ stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'viatra-nginx-'))
  await writeFile(join(folder, 'default.conf'), await fillTemplate(variables))
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`)
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr warn;
     events { worker_connections 1024; }
     http { access_log off; ${temporary.join(' ')} include ${folder}/default.conf; }`,
  )
  const child = spawn(command, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  let problems = ''
  child.stderr.on('data', (chunk) => (problems += String(chunk)))
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${problems}`)
    await accepts(Number(variables.ORIGIN_PORT))
  })
  return {
    async stop() {
      child.kill('SIGTERM')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function accepts(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve()
    }).on('error', reject)
  })
}
