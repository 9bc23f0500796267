import { randomBytes } from 'node:crypto'
import type { Agent } from 'node:http'
import { send, type Answer } from './http-client.js'

/** The protocol's two requests, by their path below the base URL. */
export const PATHS = ['v1/pre-reboot', 'v1/steady-state'] as const
export type Path = (typeof PATHS)[number]

/** Slots are counted up to here. */
export const MAX_SLOTS = 100

/** The server to be tried, and with what. */
export interface Target {
  /** As in Zincati's `base_url`, without credentials. */
  readonly url: URL
  readonly group: string
  /** `user:password` for HTTP Basic. */
  readonly user: string | undefined
  readonly timeoutMs: number
}

/** What a request differs in from Zincati's. */
export interface Difference {
  readonly method?: string
  readonly headers?: readonly string[]
  readonly body?: string | Uint8Array
  readonly agent?: Agent
  /** Instead of the user's own; empty: none. */
  readonly authorization?: string
  readonly timeoutMs?: number
}

/**
 * Talks to a server as Zincati does, or with one difference; and gives back whatever it was granted.
 *
 * INVARIANTS: every id that was sent is released by {@link releaseAll}.
 */
export class Session {
  readonly target: Target
  /** How many slots the group has; undefined: more than {@link MAX_SLOTS}. */
  slots: number | undefined
  readonly #ids = new Set<string>()

  constructor(target: Target) {
    this.target = target
  }

  /** An id like Zincati's, of no machine. */
  newId(): string {
    return this.remember(randomBytes(16).toString('hex'))
  }

  /** Notes an id to be released at the end. */
  remember(id: string): string {
    this.#ids.add(id)
    return id
  }

  /** Where a path is; joined as Zincati does, so that a base without a final slash loses its last part. */
  urlOf(path: string): URL {
    const url = new URL(path.startsWith('/') ? '' : path, this.target.url)
    // What begins with two slashes would be taken for a host.
    if (path.startsWith('/')) url.pathname = path
    return url
  }

  /** A body as Zincati prints it. */
  bodyOf(id: string, group: string = this.target.group): string {
    return JSON.stringify({ client_params: { id, group } }, undefined, 2)
  }

  /** The header with the credentials, if there are any. */
  authorizationOf(user: string | undefined = this.target.user): readonly string[] {
    if (user === undefined) return []
    return ['Authorization', `Basic ${Buffer.from(user).toString('base64')}`]
  }

  lock(id: string, difference: Difference = {}): Promise<Answer> {
    return this.ask('v1/pre-reboot', { body: this.bodyOf(id), ...difference })
  }

  unlock(id: string, difference: Difference = {}): Promise<Answer> {
    return this.ask('v1/steady-state', { body: this.bodyOf(id), ...difference })
  }

  /** Sends a request; what is not given is as Zincati does it. */
  ask(path: string, difference: Difference): Promise<Answer> {
    const { method = 'POST', headers = MARK, body = '', agent, authorization } = difference
    const credentials =
      authorization === undefined
        ? this.authorizationOf()
        : authorization === ''
          ? []
          : ['Authorization', authorization]
    return send({
      method,
      url: this.urlOf(path),
      headers: [...headers, ...credentials],
      body,
      timeoutMs: difference.timeoutMs ?? this.target.timeoutMs,
      ...(agent === undefined ? {} : { agent }),
    })
  }

  /** Locks with new ids, until `count` were granted or one was refused; returns those granted. */
  async take(count: number): Promise<string[]> {
    const granted: string[] = []
    while (granted.length < count) {
      const id = this.newId()
      if (!isDone(await this.lock(id))) break
      granted.push(id)
    }
    return granted
  }

  async release(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.unlock(id)
  }

  /** Whether one more machine would be granted a slot; it takes none. */
  async hasFreeSlot(): Promise<boolean> {
    const ids = await this.take(1)
    await this.release(ids)
    return ids.length === 1
  }

  /** Reports a steady state for every id that was used since the last call, whatever is answered. */
  async releaseAll(): Promise<void> {
    const ids = [...this.#ids]
    this.#ids.clear()
    for (const id of ids) await this.unlock(id).catch(() => undefined)
  }
}

/** The header that every request has. */
export const MARK = ['fleet-lock-protocol', 'true'] as const

/** What Zincati takes for success. */
export function isDone({ status }: Answer): boolean {
  return status >= 200 && status < 300
}
