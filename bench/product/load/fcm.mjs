// The stand-in of Google's endpoints as a process of its own. Told `{expected}` it says how long after that it had accepted so many.
import { startFcmStandIn } from '../../../packages/testkit/dist/fcm-stand-in.js'

const standIn = await startFcmStandIn()
let round
standIn.answer(() => {
  if (round && ++round.accepted === round.expected) process.send({ ms: performance.now() - round.startedAt })
  return 'ok'
})
process.on('message', ({ expected }) => {
  standIn.received.length = 0
  round = { expected, accepted: 0, startedAt: performance.now() }
  process.send('counting')
})
process.on('disconnect', () => void standIn.close())
process.send({ env: standIn.env })
