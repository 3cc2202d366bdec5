import { randomUUID } from 'node:crypto'
import { eventually, startFcmStandIn, startWorld, type FcmMessage, type FcmStandIn, type Person, type World } from '@viatra-chat/testkit'
import { expect } from 'vitest'

/** A product that sends its pushes to a stand-in of Google. */
export interface PushWorld {
  world: World
  fcm: FcmStandIn
  /** Registers a device; gives its token. */
  device(person: Person, fields?: Record<string, string>): Promise<string>
  /** Waits for exactly so many accepted pushes of messages on a device. */
  gets(token: string, count: number): Promise<FcmMessage[]>
  /** Waits until everything that was sent so far was looked at. */
  allDecided(): Promise<void>
  /** Nothing leaves any more, as while FCM refuses; until resumed. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** What was decided for a person about a message, as support sees it, oldest first. */
  outcomes(admin: Person, message: { id: string }, person: Person): Promise<string[]>
  close(): Promise<void>
}

/** The time of the day in UTC, so many minutes from now. */
export const timeInUtc = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString().slice(11, 16)

/** Quiet hours that have begun. */
export const hoursAroundNow = () => ({ from: timeInUtc(-60), to: timeInUtc(60), time_zone: 'UTC' })

export async function startPushWorld(
  env: Record<string, string> = {},
  options: { apis?: number; gateways?: number } = {},
): Promise<PushWorld> {
  const fcm = await startFcmStandIn()
  const world = await startWorld({ ...options, env: { ...fcm.env, PUSH_CONFIRM_MS: '600', PUSH_BADGE_UPDATES: 'off', ...env } })
  const ofMessages = (token: string) => fcm.acceptedBy(token).filter(({ data }) => data?.['type'] === 'new_message')
  return {
    world,
    fcm,
    async device(person, fields = {}) {
      const fcm_token = `device-${randomUUID()}`
      await person.rest('POST', '/api/v1/auth/fcm-token', { fcm_token, ...fields })
      return fcm_token
    },
    async gets(token, count) {
      await eventually(() => expect(ofMessages(token)).toHaveLength(count), 10_000)
      return ofMessages(token)
    },
    allDecided: () => eventually(async () => expect((await world.database.query('select from push_intents')).rowCount).toBe(0), 15_000),
    async pause() {
      await world.database.query(`insert into push_pause (until, reason) values (now() + interval '1 hour', 'a test')`)
    },
    async resume() {
      await world.database.query('delete from push_pause')
    },
    async outcomes(admin, message, person) {
      const { data } = await admin.rest<{ pushes: { user_id: string; outcome: string }[] }>(
        'GET',
        `/api/v1/admin/pushes?message_id=${message.id}`,
      )
      return data.pushes.filter(({ user_id }) => user_id === person.id).map(({ outcome }) => outcome)
    },
    async close() {
      await world.close()
      await fcm.close()
    },
  }
}
