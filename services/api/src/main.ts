import { launch } from '@viatra-chat/runtime/launch'

await launch('api', process.env, async () => (await import('./index.js')).startApi)
