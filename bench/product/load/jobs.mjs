import { setTimeout as delay } from 'node:timers/promises'
import { ChatSocket } from './chat-socket.mjs'
import { callInTurns } from './rest-jobs.mjs'

/** What this driver opened, by group. */
const groups = new Map()

// Handshakes under way at once.
const openingMax = 50

export const jobs = {
  openPairs,
  sendPairs,
  pacePairs,
  openRoom,
  roomCounts,
  sendRoom,
  sayRoom,
  openIdle,
  reconnect,
  markRead,
  close,
  callInTurns,
}

/** Pairs of a sender and a receiver, both joined: `pairs: [{conversationId, sender: {url, token}, receiver: {url, token}}]`. */
async function openPairs({ group, pairs }) {
  const opened = await inParallel(pairs, openingMax, async ({ conversationId, sender, receiver }) => ({
    conversationId,
    sender: await openJoined(sender, conversationId),
    receiver: await openJoined(receiver, conversationId),
  }))
  groups.set(group, { pairs: opened, sockets: opened.flatMap(({ sender, receiver }) => [sender, receiver]) })
  return { sockets: opened.length * 2 }
}

async function openJoined({ url, token, localAddress }, conversationId) {
  const socket = await ChatSocket.open(url, token, { localAddress })
  await socket.get('join_conversation', { conversationId })
  return socket
}

/** Every sender keeps `window` sends under way for `ms`. Gives how many arrived at the other member, and how long that took each. */
async function sendPairs({ group, window, ms }) {
  const { pairs } = groups.get(group)
  const flights = new Flights(pairs)
  const startedAt = performance.now()
  const sender = async (pair) => {
    while (performance.now() - startedAt < ms) await flights.send(pair)
  }
  await Promise.all(pairs.flatMap((pair) => Array.from({ length: window }, () => sender(pair))))
  await flights.landed()
  return flights.result(performance.now() - startedAt)
}

/** `perSecond` sends in all, whether answers come or not; times count from when a send was due. */
async function pacePairs({ group, perSecond, ms }) {
  const { pairs } = groups.get(group)
  const flights = new Flights(pairs)
  const startedAt = performance.now()
  const asked = []
  for (let n = 0; ;) {
    const elapsed = performance.now() - startedAt
    if (elapsed >= ms) break
    for (; n < (elapsed / 1000) * perSecond; n++)
      asked.push(flights.send(pairs[(n * 7) % pairs.length], startedAt + (n / perSecond) * 1000))
    await delay(1)
  }
  await Promise.all(asked)
  await flights.landed()
  return flights.result(performance.now() - startedAt)
}

const filler = 'Blood pressure 124/81, temperature 36.8, slept well. '.repeat(2)

/** Sends under way: from the send to the event at the receiver. */
class Flights {
  #sentAt = []
  #times = []
  #acknowledgements = []
  #done = () => undefined

  constructor(pairs) {
    for (const { receiver } of pairs) receiver.onEvent = (text) => this.#arrived(text)
  }

  async send({ sender, conversationId }, sentAt = performance.now()) {
    const n = this.#sentAt.push(sentAt) - 1
    await sender.get('send_message', { conversationId, message_type: 'text', content: `m${n} ${filler}` })
    this.#acknowledgements.push(performance.now() - sentAt)
  }

  landed() {
    if (this.#times.length >= this.#sentAt.length) return
    return Promise.race([new Promise((resolve) => (this.#done = resolve)), delay(5000)])
  }

  result(ms) {
    return {
      done: this.#times.length,
      lost: this.#sentAt.length - this.#times.length,
      ms,
      times: this.#times,
      acknowledgements: this.#acknowledgements,
    }
  }

  #arrived(text) {
    if (!text.startsWith('["new_message"')) return
    const at = text.indexOf('"content":"m') + 12
    this.#times.push(performance.now() - this.#sentAt[parseInt(text.slice(at, at + 9), 10)])
    if (this.#times.length === this.#sentAt.length) this.#done()
  }
}

/** People joined to one conversation, counting what they are told: `members: [{url, token}]`. */
async function openRoom({ group, conversationId, members }) {
  const counts = {}
  const sockets = await inParallel(members, openingMax, async (member) => {
    const socket = await openJoined(member, conversationId)
    socket.onEvent = (text) => {
      const name = text.slice(2, text.indexOf('"', 2))
      counts[name] = (counts[name] ?? 0) + 1
    }
    return socket
  })
  groups.set(group, { sockets, counts, conversationId })
  return { sockets: sockets.length }
}

/** How often each event was told to the group so far. */
async function roomCounts({ group }) {
  return { counts: { ...groups.get(group).counts } }
}

/** The group's first socket says something until the time is over: `window` at once, or one every `everyMs`. */
function sendRoom(input) {
  return speakInRoom(input, (socket, conversationId, n) =>
    socket.get('send_message', { conversationId, message_type: 'text', content: `m${n} ${filler}` }),
  )
}

/** The same for what a bare gateway tells without storing it: as large as a message of the product. */
function sayRoom(input) {
  return speakInRoom(input, (socket, conversationId, n) => socket.get('say', { conversationId, message: messageLike(conversationId, n) }))
}

async function speakInRoom({ group, ms, window = 1, everyMs = 0 }, say) {
  const { sockets, conversationId } = groups.get(group)
  const startedAt = performance.now()
  let sent = 0
  const speak = async () => {
    while (performance.now() - startedAt < ms) {
      await say(sockets[0], conversationId, sent++)
      if (everyMs > 0) await delay(everyMs)
    }
  }
  await Promise.all(Array.from({ length: window }, speak))
  return { sent, ms: performance.now() - startedAt }
}

const someId = '01890a5d-ac96-774b-bcce-b302099a8057'
const someTime = '2024-05-05T08:15:30.000Z'
const messageLike = (conversationId, n) => ({
  ...{
    id: someId,
    conversation_id: conversationId,
    seq: n,
    sender_id: someId,
    parent_message_id: null,
    parent: null,
    message_type: 'text',
  },
  ...{ content: `m${n} ${filler}`, metadata: {}, read_by: [someId], delivered_to: [someId], is_edited: false, is_deleted: false },
  ...{ created_at: someTime, updated_at: someTime, client_message_id: null },
  sender: { id: someId, first_name: 'Person', last_name: '1', avatar_url: null, role: 'patient' },
})

/** Connections that do nothing, each in one conversation: `people: [{url, token, conversationId}]`. */
async function openIdle({ group, people, openingMax: limit = openingMax }) {
  const startedAt = performance.now()
  const times = []
  const sockets = await inParallel(people, limit, async (person) => {
    const before = performance.now()
    const socket = await openJoined(person, person.conversationId)
    times.push(performance.now() - before)
    return socket
  })
  groups.set(group, { sockets, people })
  return { sockets: sockets.length, ms: performance.now() - startedAt, times }
}

/** Cuts all connections of an idle group and opens them again. */
async function reconnect({ group, openingMax }) {
  const { sockets, people } = groups.get(group)
  for (const socket of sockets) socket.close()
  return openIdle({ group, people, openingMax })
}

/** Every socket of the group marks one message as read. */
async function markRead({ group, conversationId, messageIds }) {
  const { sockets } = groups.get(group)
  await Promise.all(sockets.map((socket) => socket.get('mark_read', { conversationId, messageIds })))
  return { marked: sockets.length }
}

async function close({ group }) {
  for (const socket of groups.get(group)?.sockets ?? []) socket.close()
  groups.delete(group)
  return {}
}

async function inParallel(items, limit, run) {
  const results = new Array(items.length)
  let next = 0
  const work = async () => {
    while (next < items.length) {
      const n = next++
      results[n] = await run(items[n])
    }
  }
  await Promise.all(Array.from({ length: limit }, work))
  return results
}
