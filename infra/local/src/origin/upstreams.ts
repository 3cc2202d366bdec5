import { connect } from 'node:net'

/** The ports on 127.0.0.1 that share one kind of work, in turn. */
export class Upstreams {
  private next = 0

  constructor(readonly ports: readonly number[]) {}

  /** Every port once, beginning with the one whose turn it is. */
  inTurn(): number[] {
    const first = this.next++
    return this.from(first)
  }

  /** Every port once; the same `key` always begins with the same port. */
  stickyTo(key: string): number[] {
    return this.from([...key].reduce((sum, character) => sum + character.charCodeAt(0), 0))
  }

  private from(first: number): number[] {
    return this.ports.map((_, index) => this.ports[(first + index) % this.ports.length] ?? 0)
  }
}

/** Whether something accepts connections on the port. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 1000 })
    const answer = (accepted: boolean) => () => {
      socket.destroy()
      resolve(accepted)
    }
    socket.on('connect', answer(true)).on('error', answer(false)).on('timeout', answer(false))
  })
}
