import type { Settings } from './settings.js'

const NAME = 'SOCKET_IO_CORS_ORIGIN'

/**
 * `SOCKET_IO_CORS_ORIGIN`, comma-separated. Schemes of mobile web views (`capacitor://localhost`) are origins too.
 * `*` is refused in production: there it would let any web page act with a signed-in visitor's token.
 */
export function readCorsOrigins(settings: Settings): readonly string[] {
  const origins = settings.list(NAME)
  if (origins.includes('*')) return readAnyOrigin(settings, origins)
  for (const origin of origins) reportUnlessOrigin(settings, origin)
  return [...new Set(origins)]
}

function readAnyOrigin(settings: Settings, origins: readonly string[]): readonly string[] {
  if (settings.production) settings.report(NAME, 'must name the origins when NODE_ENV=production; * is not allowed there')
  if (origins.length > 1) settings.report(NAME, 'must be either * alone or a list of origins')
  return ['*']
}

/** A browser sends scheme, host and port in lower case and nothing else; a value spelled otherwise would never match. */
function reportUnlessOrigin(settings: Settings, value: string): void {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (!url?.host) return settings.report(NAME, `${JSON.stringify(value)} is not an origin such as https://app.example.com`)
  const origin = `${url.protocol}//${url.host}`
  if (origin !== value) settings.report(NAME, `${JSON.stringify(value)} is not an origin; write ${JSON.stringify(origin)}`)
}
