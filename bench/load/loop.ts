import { CLOSED, HttpConnection, printRequest } from './http-connection.js'
import type { BurstLoad, LoadConnection, LoopLoad } from './load.js'
import type { Recorder } from './recorder.js'

/** A request ready to be sent. */
interface Prepared {
  readonly operation: 'pre-reboot' | 'steady-state'
  readonly bytes: Buffer
}

interface Open {
  readonly connection: HttpConnection
  readonly requests: readonly Prepared[]
}

/** Runs a {@link LoopLoad}. A connection stops only after its last request, so that nothing stays locked. */
export async function runLoop(load: LoopLoad, recorder: Recorder): Promise<void> {
  const opened = await openAll(load.connections)
  const measureFrom = performance.now() + load.warmupSeconds * 1000
  const end = measureFrom + load.seconds * 1000
  await Promise.all(
    opened.map(({ connection, requests }) => loop(connection, requests, { measureFrom, end })),
  )
  recorder.measuredFor(load.seconds * 1000)
  for (const { connection } of opened) connection.close()

  function loop(
    connection: HttpConnection,
    requests: readonly Prepared[],
    period: { readonly measureFrom: number; readonly end: number },
  ): Promise<void> {
    return new Promise((resolve) => {
      const send = (index: number, sentAt: number): void => {
        const request = requests[index]
        if (request === undefined) {
          if (sentAt >= period.end) resolve()
          else send(0, sentAt)
          return
        }
        connection.send(request.bytes, (status) => {
          const now = performance.now()
          const isMeasured = now >= period.measureFrom && now < period.end
          recorder.answered(request.operation, status, now - sentAt, isMeasured)
          if (status === CLOSED) resolve()
          else send(index + 1, now)
        })
      }
      send(0, performance.now())
    })
  }
}

/** Runs a {@link BurstLoad}. */
export async function runBursts(load: BurstLoad, recorder: Recorder): Promise<void> {
  const opened = await openAll(load.connections)
  const measureFrom = performance.now() + load.warmupSeconds * 1000
  const end = measureFrom + load.seconds * 1000
  let isMeasured: boolean
  do {
    const begin = performance.now()
    isMeasured = begin >= measureFrom
    const answered = opened.map(({ connection, requests }) => {
      const [request] = requests
      if (request === undefined) throw new Error('a connection of a burst needs a request')
      return new Promise<void>((resolve) => {
        connection.send(request.bytes, (status) => {
          recorder.answered(request.operation, status, performance.now() - begin, isMeasured)
          resolve()
        })
      })
    })
    await Promise.all(answered)
    if (isMeasured) recorder.measuredFor(performance.now() - begin)
  } while (!isMeasured || performance.now() < end)
  for (const { connection } of opened) connection.close()
}

/** How many connections are opened at a time: below every server's backlog. */
const OPENED_AT_ONCE = 100

async function openAll(connections: readonly LoadConnection[]): Promise<readonly Open[]> {
  const opened: Open[] = []
  for (let from = 0; from < connections.length; from += OPENED_AT_ONCE) {
    const some = connections.slice(from, from + OPENED_AT_ONCE)
    opened.push(...(await Promise.all(some.map(open))))
  }
  return opened
}

async function open({ port, requests }: LoadConnection): Promise<Open> {
  return {
    connection: await HttpConnection.open(port),
    requests: requests.map((request) => ({
      operation: request.operation,
      bytes: printRequest(request),
    })),
  }
}
