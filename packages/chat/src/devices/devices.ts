import type { OperationInput } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import type { Answer } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { Refusal } from '../refusal.js'
import { deleteDevice, upsertDevice } from './devices.sql.js'

/** Registers a push token for the actor; whoever had it before has it no longer. */
export async function registerDevice(chat: Chat, actor: Actor, input: OperationInput<'register_device'>): Promise<Answer<undefined>> {
  await chat.db.transaction().execute(async (tx) => {
    // An API goes by what it read of a person for a moment; what an erasure took away meanwhile must not come back.
    if (!(await upsertDevice(tx, actor.userId, input))) throw new Refusal('USER_INACTIVE')
  })
  return { message: 'FCM token registered successfully' }
}

/** Forgets a push token of the actor; harmless when it is not known. */
export async function forgetDevice(chat: Chat, actor: Actor, input: OperationInput<'forget_device'>): Promise<Answer<undefined>> {
  await chat.db.transaction().execute((tx) => deleteDevice(tx, actor.userId, input.fcm_token))
  return { message: 'FCM token removed successfully' }
}
