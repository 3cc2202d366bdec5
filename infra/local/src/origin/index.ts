export { openOrigin, type Origin, type OriginOptions } from './origin.js'
export { playgroundSite, type PlaygroundSiteOptions } from './playground-site.js'
export type { OwnPage, Site } from './site.js'
