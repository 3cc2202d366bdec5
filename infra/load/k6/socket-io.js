// @ts-check
import { WebSocket } from 'k6/websockets'
import { Trend } from 'k6/metrics'
import { clearTimeout, setTimeout } from 'k6/timers'
import { target } from './people.js'

export const ackTime = new Trend('socketio_ack_duration', true)
export const connectTime = new Trend('socketio_connect_duration', true)

// Engine.IO: 2 ping, 3 pong. Socket.IO inside its messages (4): 40 connect, 42 event, 43 acknowledgement, 44 connect_error.
const timeoutMs = 10000

/**
 * A Socket.IO connection over the one transport that is on by default. Resolves when the server has let us in.
 * @param {string} token
 * @returns {Promise<{ ask: (event: string, payload: object) => Promise<any>, close: () => void }>}
 */
export function connect(token) {
  const startedAt = Date.now()
  const socket = new WebSocket(`${target.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
  /** @type {Map<number, (answer: any) => void>} */
  const waiting = new Map()
  let nextId = 0

  /**
   * @param {string} event
   * @param {object} payload
   */
  const ask = (event, payload) => {
    const id = nextId++
    const askedAt = Date.now()
    const answer = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${event} was not acknowledged`)), timeoutMs)
      waiting.set(id, (data) => {
        clearTimeout(timer)
        ackTime.add(Date.now() - askedAt)
        resolve(data)
      })
    })
    socket.send(`42${id}${JSON.stringify([event, payload])}`)
    return answer
  }

  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('not connected')), timeoutMs)
    socket.onmessage = (event) => {
      const text = String(event && event.data)
      if (text === '2') socket.send('3')
      else if (text.startsWith('0')) socket.send(`40${JSON.stringify({ token })}`)
      else if (text.startsWith('43')) {
        const [, id = '', answer = '[]'] = /^43(\d+)(.*)$/s.exec(text) || []
        const resolveAnswer = waiting.get(Number(id))
        if (resolveAnswer) resolveAnswer(JSON.parse(answer)[0])
      } else if (text.startsWith('44')) {
        clearTimeout(timer)
        reject(new Error(text))
      } else if (text.startsWith('40')) {
        clearTimeout(timer)
        connectTime.add(Date.now() - startedAt)
        resolve({ ask, close: () => socket.close() })
      }
    }
    socket.onerror = () => {
      clearTimeout(timer)
      reject(new Error('the connection failed'))
    }
  })
}
