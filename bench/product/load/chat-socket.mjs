import WebSocket from 'ws'

/**
 * A Socket.IO client that speaks only what a driver needs of the protocol, over ws: a full client costs several times as much, and would measure itself.
 * `onEvent(text)` gets events as they came, `["name",{…}]`, unparsed.
 */
export class ChatSocket {
  onEvent = () => undefined
  onEnd = () => undefined
  #socket
  #acknowledgements = new Map()
  #nextId = 0

  /** Resolves with a socket whose handshake was good. `localAddress` spreads many connections over addresses of the loopback. */
  static open(url, token, { localAddress } = {}) {
    const chat = new ChatSocket()
    return new Promise((resolve, reject) => chat.#connect(url, token, localAddress, resolve, reject))
  }

  #connect(url, token, localAddress, resolve, reject) {
    const address = `${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`
    const socket = new WebSocket(address, { perMessageDeflate: false, skipUTF8Validation: true, ...(localAddress && { localAddress }) })
    this.#socket = socket
    socket.on('error', reject)
    socket.on('close', () => {
      reject(new Error('the connection was closed'))
      this.onEnd()
    })
    socket.on('message', (data) => {
      const text = data.toString('latin1')
      if (text.startsWith('42')) return this.onEvent(text.slice(2))
      if (text.startsWith('43')) return this.#acknowledged(data.toString())
      if (text === '2') return socket.send('3')
      if (text.startsWith('0')) return socket.send(`40${JSON.stringify({ token })}`)
      if (text.startsWith('40')) return resolve(this)
      if (text.startsWith('44')) reject(new Error(`refused: ${text}`))
    })
  }

  /** Sends an event; resolves with the acknowledgement as text, `[{…}]`. */
  ask(name, payload) {
    const id = this.#nextId++
    this.#socket.send(`42${id}["${name}",${JSON.stringify(payload)}]`)
    return new Promise((resolve) => this.#acknowledgements.set(id, resolve))
  }

  /** The same; throws what was not answered with success. */
  async get(name, payload) {
    const text = await this.ask(name, payload)
    if (!text.startsWith('[{"success":true')) throw new Error(`${name}: ${text}`)
    return text
  }

  close() {
    this.#socket.terminate()
  }

  #acknowledged(text) {
    const bracket = text.indexOf('[')
    const id = Number(text.slice(2, bracket))
    this.#acknowledgements.get(id)?.(text.slice(bracket))
    this.#acknowledgements.delete(id)
  }
}
