import { connect } from 'node:net'

/** One kept-alive HTTP/1.1 connection, one request at a time; costs a driver a fraction of what fetch does. Answers need a content-length. */
export class HttpConnection {
  #socket
  #host
  #buffer = Buffer.alloc(0)
  #waiting

  constructor(url) {
    const { hostname, port, host } = new URL(url)
    this.#host = host
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true })
    this.#socket.on('data', (data) => this.#read(data))
    this.#socket.on('error', (error) => this.#waiting?.reject(error))
    this.#socket.on('close', () => this.#waiting?.reject(new Error('the connection was closed')))
  }

  /** Resolves with `{status, body}`, the body as text. */
  request(method, path, token, body) {
    const text = body === undefined ? '' : JSON.stringify(body)
    const content = body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n`
    this.#socket.write(`${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\nauthorization: Bearer ${token}\r\n${content}\r\n${text}`)
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }))
  }

  close() {
    this.#socket.destroy()
  }

  #read(data) {
    this.#buffer = this.#buffer.length === 0 ? data : Buffer.concat([this.#buffer, data])
    const end = this.#buffer.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = this.#buffer.toString('latin1', 0, end)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (this.#buffer.length < end + 4 + length) return
    const body = this.#buffer.toString('utf8', end + 4, end + 4 + length)
    this.#buffer = this.#buffer.subarray(end + 4 + length)
    this.#waiting?.resolve({ status: Number(head.slice(9, 12)), body })
  }
}
