import { createServer } from 'node:net'

/** A TCP port on the loopback address that nobody listens on at this moment. The caller should bind it soon. */
export async function findFreePort(): Promise<number> {
  return bindOnce(0)
}

/** Whether `port` can be bound on every address right now. */
export async function isPortFree(port: number): Promise<boolean> {
  return bindOnce(port, '::')
    .catch((error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? undefined : bindOnce(port, '0.0.0.0')))
    .then(
      (bound) => bound !== undefined,
      () => false,
    )
}

function bindOnce(port: number, host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, host, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port))
    })
  })
}
