export { startPushWorker, type PushWorker } from './push-worker.js'
export type { PushSettings } from './push-settings.js'
export type { OutgoingPush, PushResult, PushTransport } from './push-transport.js'
