// pnpm supply:sbom [FILE]: what the images hold beside the product's own code, as a CycloneDX bill of materials. It asks nobody: it tells what is installed.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Enums, Models, Serialize, Spec, SPDX, Validation } from '@cyclonedx/cyclonedx-library'
import { install, main, root, Step } from './prepare.mjs'

// As infra/docker builds them.
const images = ['@viatra-chat/api...', '@viatra-chat/gateway...', '@viatra-chat/db...']
const spec = Spec.Spec1dot6

await main(async () => {
  const [file] = process.argv.slice(2).filter((arg) => arg !== '--')
  // The bill may go to standard output: nothing else does.
  console.log = console.error
  await install()
  const text = await writeBill(readInstalled())
  if (file === undefined) process.stdout.write(text)
  else writeFileSync(file, text)
})

function readInstalled() {
  const filters = images.flatMap((image) => ['--filter', image])
  const { status, stdout, stderr } = spawnSync(
    join(root, 'node_modules', '.bin', 'pnpm'),
    [...filters, 'licenses', 'list', '--prod', '--json'],
    { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, env: { ...process.env, CI: 'true' } },
  )
  if (status !== 0) throw new Step(`pnpm does not say what is installed: ${stderr || stdout}`)
  return Object.values(JSON.parse(stdout)).flat()
}

/** The same for the same packages: without a date, and in order. */
async function writeBill(packages) {
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const component = new Models.Component(Enums.ComponentType.Application, name, { version, bomRef: `${name}@${version}` })
  const bill = new Models.Bom({ metadata: new Models.Metadata({ component }) })
  for (const found of packages) for (const each of found.versions) bill.components.add(toComponent(found, each))
  const text = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(spec)).serialize(bill, { sortLists: true, space: 2 })
  const problem = await new Validation.JsonStrictValidator(spec.version).validate(text)
  if (problem !== null) throw new Step(`What was written is no bill of materials: ${JSON.stringify(problem)}`)
  return `${text}\n`
}

function toComponent({ name, license }, version) {
  const [scope, short] = name.startsWith('@') ? name.split('/') : [undefined, name]
  const purl = `pkg:npm/${scope === undefined ? '' : `${encodeURIComponent(scope)}/`}${short}@${encodeURIComponent(version)}`
  const component = new Models.Component(Enums.ComponentType.Library, short, {
    version,
    bomRef: purl,
    purl,
    ...(scope && { group: scope }),
  })
  component.licenses.add(SPDX.isSupportedSpdxId(license) ? new Models.SpdxLicense(license) : new Models.NamedLicense(license))
  return component
}
