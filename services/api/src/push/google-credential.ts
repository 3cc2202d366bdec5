import { createPrivateKey, createSign, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request, type Agent } from 'node:https'
import { text } from 'node:stream/consumers'
import type { Credential, GoogleOAuthAccessToken } from 'firebase-admin/app'

interface ServiceAccount {
  clientEmail: string
  privateKey: KeyObject
  tokenUri: string
}

const scope = 'https://www.googleapis.com/auth/firebase.messaging'
const assertionLifetimeS = 3600
const answerWithinMs = 10_000

/**
 * Access tokens for a service account by the JWT-bearer grant (RFC 7523). firebase-admin's own does the same, but over connections that
 * cannot be led elsewhere; it keeps the tokens that this one gets.
 * @throws when the file is not a service account's.
 */
export function googleCredential(path: string, clientEmail: string | undefined, agent: Agent): Credential {
  const account = readServiceAccount(path, clientEmail)
  return { getAccessToken: () => exchange(account, agent) }
}

function readServiceAccount(path: string, clientEmail: string | undefined): ServiceAccount {
  const file = parseAccount(readFileSync(path, 'utf8'))
  const email = clientEmail ?? file.client_email
  if (file.private_key === undefined || email === undefined) throw new Error('it has no private_key or client_email')
  return {
    clientEmail: email,
    privateKey: createPrivateKey(file.private_key),
    tokenUri: file.token_uri ?? 'https://oauth2.googleapis.com/token',
  }
}

/** In words of our own: those of the parser quote what it stumbled over. */
function parseAccount(json: string): { client_email?: string; private_key?: string; token_uri?: string } {
  try {
    return JSON.parse(json) as ReturnType<typeof parseAccount>
  } catch {
    throw new Error('it is not JSON')
  }
}

async function exchange(account: ServiceAccount, agent: Agent): Promise<GoogleOAuthAccessToken> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: assertionOf(account),
  }).toString()
  const { status, answer } = await post(account.tokenUri, agent, body)
  if (status !== 200) throw new Error(`Google's token endpoint answered ${status}`)
  return JSON.parse(answer) as GoogleOAuthAccessToken
}

function assertionOf({ clientEmail, privateKey, tokenUri }: ServiceAccount): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: clientEmail, scope, aud: tokenUri, iat: now, exp: now + assertionLifetimeS }
  const unsigned = [{ alg: 'RS256', typ: 'JWT' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${unsigned}.${createSign('RSA-SHA256').update(unsigned).sign(privateKey, 'base64url')}`
}

function post(url: string, agent: Agent, body: string): Promise<{ status: number; answer: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }
    const sent = request(url, { method: 'POST', agent, headers, timeout: answerWithinMs }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode ?? 0, answer }), reject)
    })
    sent.on('error', reject)
    sent.on('timeout', () => sent.destroy(new Error('Google did not answer in time')))
    sent.end(body)
  })
}
