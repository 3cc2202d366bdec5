import { conversationRoom, createdAtOf, ignoreMeasures, participantsRoom } from '@viatra-chat/chat'
import type { Metrics, MeasuresOf, MetricDefinition } from '@viatra-chat/runtime'
import type { ConversationId } from '@viatra-chat/contract'
import type { Gateway } from './gateway.js'
import type { HeardEvent } from './guarded-adapter.js'

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** What a gateway tells beside the domain. */
export const gatewayMetrics = {
  connections: { name: 'chat_gateway_connections', kind: 'gauge', help: 'Sockets that are connected here.' },
  people: {
    name: 'chat_gateway_people_online',
    kind: 'gauge',
    help: 'People whose lease this gateway holds; who is on two gateways counts on both.',
  },
  rooms: { name: 'chat_gateway_rooms', kind: 'gauge', help: 'Rooms with somebody in them.', labels: ['kind'] },
  phase: { name: 'chat_gateway_draining', kind: 'gauge', help: '1 from the moment a stop begins.' },
  isTrusted: { name: 'chat_gateway_subscription_up', kind: 'gauge', help: 'Whether everything that is published is heard and passed on.' },
  handshakes: {
    name: 'chat_gateway_handshakes_total',
    kind: 'counter',
    help: 'Handshakes: ok, or the code of the refusal.',
    labels: ['outcome'],
  },
  turnedAway: {
    name: 'chat_gateway_turned_away_total',
    kind: 'counter',
    help: 'Handshakes refused before a token was looked at: full, address (too many connections from it) or origin.',
    labels: ['reason'],
  },
  disconnects: { name: 'chat_gateway_disconnects_total', kind: 'counter', help: 'Connections that ended, by reason.', labels: ['reason'] },
  ackSeconds: {
    name: 'chat_gateway_ack_duration_seconds',
    kind: 'histogram',
    help: 'From an event of a client to its acknowledgement.',
    labels: ['operation'],
    buckets: seconds,
  },
  eventsHeard: {
    name: 'chat_gateway_events_heard_total',
    kind: 'counter',
    help: 'Events from Redis that were given to the rooms here.',
    labels: ['event'],
  },
  packetsSent: { name: 'chat_gateway_packets_sent_total', kind: 'counter', help: 'Events and acknowledgements written to sockets.' },
  deliverySeconds: {
    name: 'chat_delivery_duration_seconds',
    kind: 'histogram',
    help: 'End to end: from created_at of a message, by the clock of the database, to its emission at this gateway.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  throttled: { name: 'chat_gateway_throttled_total', kind: 'counter', help: 'Events over the throttle of their connection.' },
  slowConsumers: { name: 'chat_gateway_slow_consumers_total', kind: 'counter', help: 'Connections closed since they did not read.' },
  resyncs: { name: 'chat_gateway_resyncs_total', kind: 'counter', help: 'Clients told to sync, by reason.', labels: ['reason'] },
} as const satisfies Record<string, MetricDefinition>

export type GatewayMeasures = MeasuresOf<typeof gatewayMetrics>

/** Where a gateway tells its measurements; nowhere without metrics. */
export const gatewayMeasures = (metrics: Metrics | undefined): GatewayMeasures =>
  metrics?.measure(gatewayMetrics) ?? ignoreMeasures(gatewayMetrics)

/** Tells what is read when somebody looks. */
export function collectGatewayState({ connections, presence, io, phase, subscription, measures, written }: Gateway): void {
  measures.packetsSent(written.packets)
  written.packets = 0
  measures.connections(connections.size)
  measures.people(presence.people)
  measures.phase(phase === 'open' ? 0 : 1)
  measures.isTrusted(subscription.isTrusted ? 1 : 0)
  const counts = { conversation: 0, participants: 0 }
  for (const room of io.of('/').adapter.rooms.keys()) {
    if (room.startsWith(conversationPrefix)) counts.conversation++
    else if (room.startsWith(participantsPrefix)) counts.participants++
  }
  for (const [kind, count] of Object.entries(counts)) measures.rooms(count, { kind })
}

const [conversationPrefix, participantsPrefix] = [conversationRoom('' as ConversationId), participantsRoom('' as ConversationId)]

/** Tells that an event was heard, and for a new message how long it took. */
export function tellHeard(measures: GatewayMeasures, { event, packet }: HeardEvent): void {
  measures.eventsHeard(1, { event })
  if (event !== 'new_message') return
  const ms = Date.now() - createdAtOf(packet)
  // Two machines' clocks: less than nothing is nothing.
  if (!Number.isNaN(ms)) measures.deliverySeconds(Math.max(0, ms) / 1000)
}
