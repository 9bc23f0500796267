import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

// Below Linux's range for outgoing connections (32768 and up): there, any client's socket may take a
// port between our look and a server's listen, or while a killed server is down.
const FIRST_PORT = 20_000
const LAST_PORT = 32_767
const MAX_ATTEMPTS = 200

const handedOut = new Set<number>()

/**
 * A TCP port that nobody listens on at 127.0.0.1 and that this process was not given before. Another
 * process may still take it first, so check that the server that answers there is yours.
 */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1)
    if (!handedOut.has(port) && (await isFree(port))) {
      handedOut.add(port)
      return port
    }
  }
  throw new Error(`no free port found between ${FIRST_PORT} and ${LAST_PORT}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => resolve(true))
    })
  })
}
