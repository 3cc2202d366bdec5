import { connect } from 'node:net'

/** Whether a Redis on 127.0.0.1 answers (one that is still loading its data does not count). */
export function pingRedis(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 })
    let answer = ''
    const finish = () => {
      socket.destroy()
      resolve(answer.includes('+PONG'))
    }
    socket.on('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`))
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      if (answer.split('\r\n').length > 2) finish()
    })
    socket.on('error', finish).on('timeout', finish).on('end', finish)
  })
}
