import { connect } from 'node:net'
import { setImmediate as yieldToOthers, setTimeout as sleep } from 'node:timers/promises'
import { readAnswers, type ReadAnswers } from './answer-reader.js'
import type { JudgedStream } from './request-oracle.js'

/** How a case's bytes are sent. */
export interface Delivery {
  readonly bytes: Buffer
  /** Where the bytes are cut into pieces, as parts of the whole from 0 to 1. */
  readonly cuts: readonly number[]
  /** `stay` until it is answered; `half-close` after the last byte; `leave` at once, answered or not. */
  readonly manner: 'stay' | 'half-close' | 'leave'
}

/** What came of it. */
export interface Exchange {
  readonly read: ReadAnswers
  readonly isClosedByServer: boolean
}

/** What a server that must close, or answer, is given, in milliseconds; it does within a few. */
const WITHIN_MS = 20_000

/** How long more than the necessary may follow where anything may, in milliseconds. */
const GRACE_MS = 3

/** Sends one case on a connection of its own, and reads what has to come, and a little longer. */
export async function exchange(
  port: number,
  { bytes, cuts, manner }: Delivery,
  judged: JudgedStream,
): Promise<Exchange> {
  const isHead = (index: number): boolean => judged.requests[index]?.isHead ?? false
  const required = judged.requests.filter(({ mustAnswer }) => mustAnswer).length
  const received: Buffer[] = []
  const state = { isClosedByServer: false, isTooLate: false, wake: (): void => undefined }
  let timer: NodeJS.Timeout | undefined
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  socket.on('data', (chunk) => {
    received.push(chunk)
    state.wake()
  })
  const onEnd = (): void => {
    state.isClosedByServer = true
    state.wake()
  }
  socket.on('end', onEnd)
  socket.on('error', onEnd)
  socket.on('close', onEnd)
  try {
    for (const piece of cutInPieces(bytes, cuts)) {
      socket.write(piece)
      await yieldToOthers()
    }
    if (manner === 'half-close') socket.end()
    timer = setTimeout(() => {
      state.isTooLate = true
      state.wake()
    }, WITHIN_MS)
    const isDone = (): boolean => {
      if (state.isClosedByServer) return true
      if (manner === 'leave' || judged.end === 'closes') return false
      const read = readAnswers(Buffer.concat(received), isHead)
      return 'problem' in read || read.answers.length >= required
    }
    while (manner !== 'leave' && !isDone() && !state.isTooLate) {
      await new Promise<void>((resolve) => (state.wake = resolve))
    }
    if (manner !== 'leave' && !state.isClosedByServer) await sleep(GRACE_MS)
    const { isClosedByServer } = state
    return { read: readAnswers(Buffer.concat(received), isHead), isClosedByServer }
  } finally {
    clearTimeout(timer)
    // A reset leaves no port behind that waits for a minute; after `end`, Node would forget the socket.
    if (manner === 'half-close') socket.destroy()
    else socket.resetAndDestroy()
  }
}

function cutInPieces(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)), bytes.length]
  places.sort((a, b) => a - b)
  return places.slice(1).map((end, index) => bytes.subarray(places[index] ?? 0, end))
}
