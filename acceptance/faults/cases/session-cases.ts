import { requireSoon } from '../until.js'
import { requireTrue, type FaultCase, type Scene } from './fault-case.js'
import { pairOfStrangers, say } from './strangers.js'

/** Of tokens and accounts that end while their connection lives. */
export const sessionCases: readonly FaultCase[] = [
  { id: 'F11', title: 'a token expires while its connection lives, another one is renewed in time', run: expireToken },
  { id: 'F12', title: 'an account is disabled while the gateways are without Redis', run: disableWithoutRedis },
]

const lifetimeMs = 2000
// The clocks of issuers may differ by five seconds.
const endsWithinMs = 12_000
const revokedWithinMs = 60_000

async function expireToken(scene: Scene): Promise<void> {
  const { ann, bob, conversationId } = await pairOfStrangers(scene)
  const [passing, renewed] = [await bob.connect(undefined, lifetimeMs), await ann.connect(undefined, lifetimeMs)]
  for (const connection of [passing, renewed]) await connection.get('join_conversation', { conversationId })
  await renewed.get('authenticate', { token: ann.token(60_000) })
  await requireSoon(() => !passing.socket.connected, endsWithinMs, 'a connection outlived its token')
  requireTrue(
    passing.seen('error').some(({ code }) => code === 'TOKEN_EXPIRED'),
    'nobody was told that the token had expired',
  )
  const { id } = await say(ann, conversationId, 'after the end')
  const isHeard = () => renewed.seen('new_message').some((message) => message.id === id)
  await requireSoon(isHeard, 10_000, 'a renewed connection heard nothing')
  requireTrue(!passing.seen('new_message').some((message) => message.id === id), 'an expired connection heard a message')
  renewed.close()
}

async function disableWithoutRedis(scene: Scene): Promise<void> {
  const { ann, bob } = await pairOfStrangers(scene)
  const [disabled, other] = [await bob.connect(), await ann.connect()]
  const { edges, stores } = scene.cluster
  edges.gatewayRedis.mode('refuse')
  await stores.database.query('update users set is_active = false where id = $1', [bob.id])
  await requireSoon(() => !disabled.socket.connected, revokedWithinMs, 'a disabled account stayed connected').finally(() =>
    edges.gatewayRedis.mode('pass'),
  )
  requireTrue(other.socket.connected, 'somebody else was disconnected as well')
  other.close()
}
