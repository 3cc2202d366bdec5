import { createVerify, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** A message as FCM's HTTP v1 API was sent it. */
export interface FcmMessage {
  token: string
  notification?: { title: string; body: string }
  data?: Record<string, string>
  android?: Record<string, unknown>
  apns?: { headers?: Record<string, string>; payload?: { aps?: Record<string, unknown> } }
}

/** How the stand-in answers: a status with FCM's error code, no answer at all, or a connection that breaks. */
export type FcmAnswer = 'ok' | 'hang' | 'reset' | { status: number; code?: string; message?: string; headers?: Record<string, string> }

/** Google's token endpoint and FCM's `messages:send` on this machine, over TLS, behind Google's names. */
export interface FcmStandIn {
  /** Environment of services that send to it. */
  readonly env: Record<string, string>
  /** Everything that was accepted or refused, in order of arrival. */
  readonly received: { path: string; message: FcmMessage; answer: FcmAnswer; bodyBytes: number }[]
  /** Messages that were accepted for a device. */
  acceptedBy(token: string): FcmMessage[]
  /** Decides on the answer to each message from now on; default `ok`. */
  answer(decide: (message: FcmMessage) => FcmAnswer | Promise<FcmAnswer>): void
  /** Whether the token endpoint takes the service account's word. */
  trust(isTrusted: boolean): void
  close(): Promise<void>
}

const projectId = 'test-project'
const clientEmail = 'chat@test-project.example'
const accessToken = 'an access token of the stand-in'

export async function startFcmStandIn(): Promise<FcmStandIn> {
  // Loaded here only: few test files need it.
  const { generate } = await import('selfsigned')
  const names = ['oauth2.googleapis.com', 'fcm.googleapis.com']
  const { cert, private: key } = await generate([{ name: 'commonName', value: names[0] ?? '' }], {
    keySize: 2048,
    extensions: [{ name: 'subjectAltName', altNames: names.map((value) => ({ type: 2, value })) }],
  })
  const account = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: spki, privateKeyEncoding: pkcs8 })
  const folder = await mkdtemp(join(tmpdir(), 'fcm-'))
  const files = { account: join(folder, 'service-account.json'), ca: join(folder, 'ca.pem') }
  await writeFile(files.account, JSON.stringify({ type: 'service_account', client_email: clientEmail, private_key: account.privateKey }))
  await writeFile(files.ca, cert)

  const received: FcmStandIn['received'] = []
  let decide: (message: FcmMessage) => FcmAnswer | Promise<FcmAnswer> = () => 'ok'
  let isTrusted = true
  const server = createServer({ cert, key }, (request, response) => {
    void text(request).then(async (body) => {
      if (request.headers.host?.startsWith('oauth2.')) return grant(response, isTrusted && isSignedBy(account.publicKey, body))
      const { message } = JSON.parse(body) as { message: FcmMessage }
      const answer = isAuthorized(request) ? await decide(message) : { status: 401, code: 'UNAUTHENTICATED' }
      received.push({ path: request.url ?? '', message, answer, bodyBytes: Buffer.byteLength(body) })
      reply(request, response, answer)
    })
  })
  const port = await listen(server)
  return {
    env: {
      FIREBASE_PROJECT_ID: projectId,
      FIREBASE_PRIVATE_KEY_PATH: files.account,
      FIREBASE_ENDPOINT: `https://127.0.0.1:${port}`,
      FIREBASE_CA_PATH: files.ca,
    },
    received,
    acceptedBy: (token) =>
      received.filter(({ message, answer }) => message.token === token && answer === 'ok').map(({ message }) => message),
    answer: (next) => (decide = next),
    trust: (trusted) => (isTrusted = trusted),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const spki = { type: 'spki', format: 'pem' } as const
const pkcs8 = { type: 'pkcs8', format: 'pem' } as const

function grant(response: ServerResponse, isGood: boolean): void {
  if (isGood) json(response, 200, { access_token: accessToken, expires_in: 3600, token_type: 'Bearer' })
  else json(response, 400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' })
}

/** The grant of RFC 7523, with the scope of FCM, for this endpoint, and signed by the service account. */
function isSignedBy(publicKey: string, body: string): boolean {
  const [header = '', claims = '', signature = ''] = (new URLSearchParams(body).get('assertion') ?? '').split('.')
  const { aud, scope, iss } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { aud?: string; scope?: string; iss?: string }
  const isOurs =
    aud === 'https://oauth2.googleapis.com/token' && scope?.endsWith('/auth/firebase.messaging') === true && iss === clientEmail
  return isOurs && createVerify('RSA-SHA256').update(`${header}.${claims}`).verify(publicKey, signature, 'base64url')
}

const isAuthorized = ({ headers, url }: IncomingMessage) =>
  headers.authorization === `Bearer ${accessToken}` && url === `/v1/projects/${projectId}/messages:send`

function reply(request: IncomingMessage, response: ServerResponse, answer: FcmAnswer): void {
  if (answer === 'hang') return
  if (answer === 'reset') return void request.socket.destroy()
  if (answer === 'ok') return json(response, 200, { name: `projects/${projectId}/messages/${Math.random().toString(36).slice(2)}` })
  const { status, code = 'INTERNAL', message = code, headers } = answer
  const details = [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: code }]
  json(response, status, { error: { code: status, message, status: code, details } }, headers)
}

function json(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
