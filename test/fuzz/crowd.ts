import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** How many connections are opened at once; a listener's queue is finite. */
const AT_ONCE = 200

/** How one connection went. */
export interface Member {
  /** The first line of the first answer; empty if none came. */
  readonly firstLine: string
  /** From the first byte sent, or the connection, to its end; undefined while it is open. */
  readonly endedAfterMs: number | undefined
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Many connections to one port that behave alike, badly. They never close by themselves. */
export class Crowd {
  readonly #sockets: Socket[] = []
  readonly #members: Writable<Member>[] = []
  #isClosing = false

  get members(): readonly Member[] {
    return this.#members
  }

  get openCount(): number {
    return this.#members.filter(({ endedAfterMs }) => endedAfterMs === undefined).length
  }

  /** Opens connections; `behave` is called with each as soon as it stands. */
  async open(
    port: number,
    count: number,
    behave: (socket: Socket) => void = () => undefined,
  ): Promise<void> {
    for (let opened = 0; opened < count; opened += AT_ONCE) {
      const some = Math.min(AT_ONCE, count - opened)
      await Promise.all(Array.from({ length: some }, () => this.#openOne(port, behave)))
    }
  }

  /** Sends one byte of `text` after the other, one each `intervalMs`, until the connection is closed. */
  async trickle(socket: Socket, text: string, intervalMs: number): Promise<void> {
    for (const byte of text) {
      if (this.#isClosing || socket.destroyed || !socket.writable) return
      socket.write(byte)
      await sleep(intervalMs)
    }
  }

  close(): void {
    this.#isClosing = true
    for (const socket of this.#sockets) socket.destroy()
  }

  #openOne(port: number, behave: (socket: Socket) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = performance.now()
      const member: Writable<Member> = { firstLine: '', endedAfterMs: undefined }
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      this.#sockets.push(socket)
      const onEnd = (): void => {
        member.endedAfterMs ??= performance.now() - begin
      }
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        socket.on('error', onEnd)
        socket.on('end', onEnd)
        socket.on('close', onEnd)
        this.#members.push(member)
        socket.once('data', (chunk) => {
          member.firstLine = chunk.toString('latin1').split('\r\n', 1)[0] ?? ''
          socket.resume()
        })
        behave(socket)
        resolve()
      })
    })
  }
}
