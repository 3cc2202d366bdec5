import { launch } from '@viatra-chat/runtime/launch'

await launch('gateway', process.env, async () => (await import('./start-gateway.js')).startGateway)
