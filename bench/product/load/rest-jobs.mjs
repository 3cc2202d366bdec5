import { HttpConnection } from './http-connection.mjs'

/**
 * Callers that wait for their answers, each on a connection of its own, take the calls in turns for `ms`:
 * `calls: [{method, path, token, body?}]`. Gives the times and how many were not answered with success.
 */
export async function callInTurns({ urls, connections, ms, calls, callsMax = Infinity }) {
  const times = []
  const failures = {}
  const startedAt = performance.now()
  let next = 0
  const caller = async (_, i) => {
    const http = new HttpConnection(urls[i % urls.length])
    while (performance.now() - startedAt < ms && next < callsMax) {
      const { method, path, token, body } = calls[next++ % calls.length]
      const before = performance.now()
      const { status, body: text } = await http.request(method, path, token, body)
      times.push(performance.now() - before)
      if (status >= 300) failures[status] = text
    }
    http.close()
  }
  await Promise.all(Array.from({ length: connections }, caller))
  return { done: times.length, ms: performance.now() - startedAt, times, failures }
}
