// Gives k6's modules to what imports them.
const modules = new URL('modules.mjs', import.meta.url).href
const exportsOf = {
  k6: `export { check } from '${modules}'`,
  'k6/http': `export { http as default } from '${modules}'`,
  'k6/data': `export { SharedArray } from '${modules}'`,
  'k6/execution': `export { exec as default } from '${modules}'`,
  'k6/metrics': `export { Trend, Rate, Counter } from '${modules}'`,
  'k6/timers': `export { setTimeout, clearTimeout } from '${modules}'`,
  'k6/websockets': `export { WebSocket } from '${modules}'`,
}

export async function resolve(specifier, context, next) {
  if (!Object.hasOwn(exportsOf, specifier)) return next(specifier, context)
  return { url: `k6:${specifier}`, shortCircuit: true }
}

export async function load(url, context, next) {
  if (url.startsWith('k6:')) return { format: 'module', source: exportsOf[url.slice(3)], shortCircuit: true }
  // The scripts lie in no package that says so.
  return next(url, url.includes('/infra/load/k6/') ? { ...context, format: 'module' } : context)
}
