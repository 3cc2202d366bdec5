import { escapeHtml, prose } from './markup.js'
import { listFields, type Schema } from './schema-fields.js'

/** The parts of an AsyncAPI document that the page shows. */
interface AsyncApi {
  info: { title: string; description: string }
  channels: { socket: { messages: Record<string, EventMessage> }; acknowledgements: { messages: Record<string, EventMessage> } }
  operations: Record<string, { action: 'send' | 'receive'; summary: string; description: string }>
  components: { schemas: Record<string, Schema> }
}

interface EventMessage {
  name: string
  summary: string
  description?: string
  payload: Schema
  examples?: { payload: unknown }[]
}

/** Renders the socket half of the contract as one page without scripts. */
export function eventPage(document: object): string {
  const api = document as AsyncApi
  const operations = Object.entries(api.operations)
  const received = operations
    .filter(([, { action }]) => action === 'receive')
    .map(([name, { description }]) => clientEvent(api, name, description))
  const sent = operations.filter(([, { action }]) => action === 'send').map(([name]) => serverEvent(api, name.replace(/^send_/, '')))
  const names = (ids: readonly string[]) => ids.map((id) => `<li><a href="#${id}">${id}</a></li>`).join('')
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(api.info.title)}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/docs/events.css"></head>
<body>
<nav aria-label="Contents"><p><a href="/docs">REST reference</a></p>
<h2>Client to server</h2><ul>${names(received.map(({ id }) => id))}</ul>
<h2>Server to client</h2><ul>${names(sent.map(({ id }) => id))}</ul>
<h2>Objects</h2><ul>${names(Object.keys(api.components.schemas))}</ul></nav>
<main><h1>${escapeHtml(api.info.title)}</h1>${prose(api.info.description)}
<p>For programs: <a href="/docs/asyncapi.json">asyncapi.json</a>.</p>
<h2>Client to server</h2>${received.map(({ html }) => html).join('')}
<h2>Server to client</h2>${sent.map(({ html }) => html).join('')}
<h2>Objects</h2>${Object.entries(api.components.schemas)
    .map(([name, schema]) => object(name, schema))
    .join('')}
</main></body></html>
`
}

function clientEvent(api: AsyncApi, id: string, limits: string) {
  const { messages } = api.channels.socket
  const message = messages[id]
  const answer = api.channels.acknowledgements.messages[`${id}_ack`]
  return { id, html: message ? section(id, message, [limits], answer) : '' }
}

function serverEvent(api: AsyncApi, id: string) {
  const message = api.channels.socket.messages[id]
  return { id, html: message ? section(id, message, []) : '' }
}

function section(id: string, message: EventMessage, notes: readonly string[], answer?: EventMessage): string {
  const texts = [message.summary, message.description, ...notes].filter((text) => text !== undefined)
  return `<section id="${id}"><h3>${id}</h3>${texts.map(prose).join('')}
${table('Payload', message.payload)}${examples('Payload', message)}
${answer ? `${table('Acknowledgement', answer.payload)}${examples('Acknowledgement', answer)}` : ''}</section>`
}

function object(name: string, schema: Schema): string {
  return `<section id="${name}"><h3>${name}</h3>${prose(schema.description ?? '')}${table('Fields', schema)}</section>`
}

function table(caption: string, schema: Schema): string {
  const fields = listFields(schema)
  if (fields.length === 0) return ''
  const rows = fields.map(
    ({ path, type, isRequired, description }) =>
      `<tr><td><code>${escapeHtml(path)}</code>${isRequired ? '' : ' <small>optional</small>'}</td><td>${type}</td><td>${prose(description)}</td></tr>`,
  )
  return `<table><caption>${caption}</caption><thead><tr><th>Field</th><th>Type</th><th>Meaning</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function examples(what: string, { examples = [] }: EventMessage): string {
  return examples
    .map(
      ({ payload }) =>
        `<details><summary>${what}, for example</summary><pre>${escapeHtml(JSON.stringify(payload, null, 2))}</pre></details>`,
    )
    .join('')
}
