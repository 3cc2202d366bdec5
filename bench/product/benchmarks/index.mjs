import { idle, reconnects } from './connections.mjs'
import { costs } from './costs.mjs'
import { fanOut } from './fan-out.mjs'
import { growth } from './growth.mjs'
import { heap } from './heap.mjs'
import { plans } from './plans.mjs'
import { profile } from './profile.mjs'
import { push } from './push.mjs'
import { reads } from './reads.mjs'
import { receipts } from './receipts.mjs'
import { rest } from './rest.mjs'
import { forms, noticed, sends } from './sends.mjs'
import { startUp } from './start-up.mjs'

/** By name, in the order in which they run. Each gives rows: `{what, product, base?, ratio?, target?, detail?, driverBusy?, figures?}`. */
export const benchmarks = {
  sends,
  noticed,
  forms,
  rest,
  fanOut,
  idle,
  reconnects,
  growth,
  receipts,
  push,
  reads,
  startUp,
  heap,
  profile,
  plans,
  costs,
}
