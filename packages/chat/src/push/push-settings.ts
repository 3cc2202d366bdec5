/** How pushes are decided and sent. Times in milliseconds. */
export interface PushSettings {
  /** Whether anything is noted for pushes at all. */
  enabled: boolean
  content: 'full' | 'generic'
  /** How long somebody who has joined may take to confirm delivery before they get a push as well; 0: for ever. */
  confirmMs: number
  expiresMs: number
  /** How long one call to the push service may take; what it carries is held for half as long again. */
  callTimeoutMs: number
  /** Most pushes of one worker in a second. */
  perSecond: number
  badgeUpdates: boolean
  mentionsPassMute: boolean
}
