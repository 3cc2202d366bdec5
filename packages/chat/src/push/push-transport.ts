/** A notification as Firebase Cloud Messaging takes it, in the spelling of its admin SDK. Shapes and limits: FCM's HTTP v1 `Message`. */
export interface OutgoingPush {
  token: string
  notification?: { title: string; body: string }
  data: Record<string, string>
  android: {
    priority: 'high' | 'normal'
    /** Of those that wait for a device that is away, the last one with a key is kept. */
    collapseKey?: string
    /** Milliseconds. */
    ttl?: number
    notification?: { sound: string; channelId: string; tag: string; visibility: 'private' }
  }
  apns: { headers: Record<string, string>; payload: { aps: Record<string, unknown> } }
}

/**
 * What became of a push. `token_gone`: the app was removed, or the token never was one. `refused`: what we sent is wrong and stays so.
 * `later`: try again. `slow_down`: everybody waits. `not_authorized`: our credentials are not good; everybody waits and somebody has to act.
 */
export type PushResult =
  { kind: 'sent' } | { kind: 'token_gone' | 'refused' | 'later' | 'slow_down' | 'not_authorized'; code: string; detail: string }

/** What carries pushes to devices. */
export interface PushTransport {
  /** At most this many in one call. */
  readonly batchMax: number
  /** Sends; one result for each, in order. May take long and may reject, which says nothing about what was sent. */
  send(pushes: readonly OutgoingPush[]): Promise<PushResult[]>
  close(): Promise<void>
}
