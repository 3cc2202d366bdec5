import { isDeepStrictEqual } from 'node:util'
import type { ReceiptKind } from '../clients/known-receipts.js'
import type { Population } from '../clients/population.js'
import type { VirtualClient } from '../clients/virtual-client.js'
import type { StoredMessage } from './end-state.js'
import type { StoredConversation } from './stored-conversations.js'

export interface Stored {
  messages: ReadonlyMap<string, readonly StoredMessage[]>
  conversations: ReadonlyMap<string, StoredConversation>
}

/** C5 and C8: of metadata, members, roles and receipts, too, each device knows what is stored; and who was removed knows that. */
export function checkNews({ clients, members, history }: Population, { messages, conversations }: Stored): string[] {
  return clients.flatMap((client) =>
    [...conversations].flatMap(([id, conversation]) => {
      if (!members.get(id)?.has(client.account.id))
        return client.known.has(id) ? [`C5 ${client.account.name} did not hear that they were removed from ${id}`] : []
      const lasting = [...conversation.members].filter(([userId]) => !history.wasEverRemoved(userId, id))
      return [
        ...wrongDetails(client, id, conversation),
        ...lasting.flatMap(([userId, member]) => {
          const receipts = { messages: messages.get(id) ?? [], userId }
          return [...wrongReceipts(client, id, { ...receipts, kind: 'read', seqs: member.read }), ...wrongReceipts(client, id, { ...receipts, kind: 'delivered', seqs: member.delivered })] // prettier-ignore
        }),
      ]
    }),
  )
}

function wrongDetails({ account, details }: VirtualClient, id: string, { metadata, members }: StoredConversation): string[] {
  const mine = details.get(id)
  const roles = new Map([...members].map(([userId, { role }]) => [userId, role]))
  return [
    ...(isDeepStrictEqual(mine?.metadata, metadata)
      ? []
      : [`C5 ${account.name} knows the metadata ${JSON.stringify(mine?.metadata)} of ${id}, stored is ${JSON.stringify(metadata)}`]),
    ...(isDeepStrictEqual(mine?.roles, roles)
      ? []
      : [`C5 ${account.name} knows the members ${shown(mine?.roles)} of ${id}, stored are ${shown(roles)}`]),
  ]
}

const shown = (roles: ReadonlyMap<string, string> = new Map()) => [...roles].map(([id, role]) => `${id.slice(-4)} ${role}`).join(', ')

interface Receipts {
  messages: readonly StoredMessage[]
  userId: string
  kind: ReceiptKind
  seqs: ReadonlySet<number>
}

/** What somebody sent, they have; what is deleted has no receipts that anybody could see. */
function wrongReceipts({ account, receipts }: VirtualClient, id: string, { messages, userId, kind, seqs }: Receipts): string[] {
  const mine = receipts.get(id)
  const others = messages.filter(({ sender_id, is_deleted }) => sender_id !== userId && !is_deleted)
  const lost = others.filter((message) => seqs.has(message.seq) && mine?.has(kind, userId, message) !== true)
  const invented = others.filter((message) => !seqs.has(message.seq) && mine?.has(kind, userId, message) === true)
  return [
    ...lost.map(({ seq }) => `C8 ${account.name} lost that seq ${seq} of ${id} was ${kind}, marked by ${userId}`),
    ...invented.map(({ seq }) => `C8 ${account.name} heard that seq ${seq} of ${id} was ${kind}, not marked by ${userId}`),
  ]
}
