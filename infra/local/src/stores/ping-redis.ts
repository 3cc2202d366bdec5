import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** Whether a Redis on 127.0.0.1 answers (one that is still loading its data does not count); with TLS where its own certificate is given. */
export function pingRedis(port: number, password: string, certificate?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const place = { host: '127.0.0.1', port, timeout: 1000 }
    // It is our own server that is asked, whatever name its certificate says.
    const socket = certificate === undefined ? connect(place) : connectTls({ ...place, rejectUnauthorized: false })
    let answer = ''
    const finish = () => {
      socket.destroy()
      resolve(answer.includes('+PONG'))
    }
    socket.on(certificate === undefined ? 'connect' : 'secureConnect', () => socket.write(`AUTH ${password}\r\nPING\r\n`))
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      if (answer.split('\r\n').length > 2) finish()
    })
    socket.on('error', finish).on('timeout', finish).on('end', finish)
  })
}
