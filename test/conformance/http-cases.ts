import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { deviates, fails, mustBeDone, mustBeRefused, type Case, type Finding } from './case.js'
import { NoAnswerError, RawConnection, type Answer } from './http-client.js'
import { isDone, type Session } from './session.js'

const LARGE_BYTES = 1024 * 1024
const INTERIM_WITHIN_MS = 3_000

/** Lines of a pre-reboot as they stand on the wire, up to its body. */
function headOf(session: Session, version: string, ...more: readonly string[]): string {
  const url = session.urlOf('v1/pre-reboot')
  const [name, value] = session.authorizationOf()
  return [
    `POST ${url.pathname} ${version}`,
    `Host: ${url.host}`,
    'fleet-lock-protocol: true',
    ...(name === undefined ? [] : [`${name}: ${value ?? ''}`]),
    ...more,
    '\r\n',
  ].join('\r\n')
}

/** Locks by `talk` on a connection of its own, and releases. */
async function lockRaw(
  session: Session,
  talk: (connection: RawConnection, body: string) => Promise<readonly Answer[]>,
  level: Finding['level'] = 'deviates',
): Promise<readonly Finding[]> {
  const id = session.newId()
  const connection = await RawConnection.open(session.target.url)
  try {
    const answers = await talk(connection, session.bodyOf(id))
    const answer = answers.find(({ status }) => status >= 200)
    if (answer === undefined) return [{ level, reason: 'it was not answered' }]
    return mustBeDone('it', answer, level)
  } finally {
    connection.close()
    await session.unlock(id)
  }
}

/** What of HTTP clients other than Zincati need; a proxy may be one of them. */
export const HTTP_CASES: readonly Case[] = [
  {
    name: 'http.keep-alive',
    rule: 'several requests may follow each other on one connection',
    async run(session) {
      const options = { keepAlive: true, maxSockets: 1 }
      const isSecure = session.target.url.protocol === 'https:'
      const agent = isSecure ? new HttpsAgent(options) : new HttpAgent(options)
      const id = session.newId()
      try {
        const answers = [
          await session.lock(id, { agent }),
          await session.lock(id, { agent }),
          await session.unlock(id, { agent }),
        ]
        const isClosed = answers.some(({ headers }) => /close/i.test(String(headers['connection'])))
        return [
          ...answers.flatMap((answer) => mustBeDone('a request', answer)),
          ...(isClosed ? [deviates('the server closes the connection after each answer')] : []),
        ]
      } finally {
        agent.destroy()
        await session.unlock(id)
      }
    },
  },
  {
    name: 'http.1.0',
    rule: 'a request of HTTP/1.0 is served, as some health checks and proxies send it',
    run: (session) =>
      lockRaw(session, (connection, body) => {
        connection.write(
          headOf(session, 'HTTP/1.0', `Content-Length: ${Buffer.byteLength(body)}`) + body,
        )
        return connection.answers(1, session.target.timeoutMs)
      }),
  },
  {
    name: 'http.chunked',
    rule: 'a body in chunks is read, as proxies send it',
    run: (session) =>
      lockRaw(session, (connection, body) => {
        const half = Math.floor(body.length / 2)
        const chunks = [body.slice(0, half), body.slice(half), '']
          .map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`)
          .join('')
        connection.write(headOf(session, 'HTTP/1.1', 'Transfer-Encoding: chunked') + chunks)
        return connection.answers(1, session.target.timeoutMs)
      }),
  },
  {
    name: 'http.expect',
    rule: 'a client that waits for 100 Continue before it sends the body is served',
    run: (session) =>
      lockRaw(session, async (connection, body) => {
        const length = `Content-Length: ${Buffer.byteLength(body)}`
        connection.write(headOf(session, 'HTTP/1.1', length, 'Expect: 100-continue'))
        const [interim] = await connection.answers(1, INTERIM_WITHIN_MS)
        if (interim !== undefined && interim.status !== 100) return [interim]
        connection.write(body)
        return connection.answers(interim === undefined ? 1 : 2, session.target.timeoutMs)
      }),
  },
  {
    name: 'http.slow',
    rule: 'a request that comes in small pieces is served',
    run: (session) =>
      lockRaw(
        session,
        async (connection, body) => {
          const length = `Content-Length: ${Buffer.byteLength(body)}`
          const bytes = headOf(session, 'HTTP/1.1', length) + body
          for (let at = 0; at < bytes.length; at += 20) {
            connection.write(bytes.slice(at, at + 20))
            await sleep(10)
          }
          return connection.answers(1, session.target.timeoutMs)
        },
        'fails',
      ),
  },
  {
    name: 'http.large-body',
    rule: 'a body of 1 MiB does no harm: it is refused, and the next request is served',
    async run(session) {
      const body = session.bodyOf(session.newId()).padEnd(LARGE_BYTES)
      const findings: Finding[] = []
      try {
        const answer = await session.lock('', { body })
        if (isDone(answer)) findings.push(deviates('it is read and granted: nothing bounds a body'))
        else if (mustBeRefused('it', answer).length > 0) {
          findings.push(deviates(`the ${answer.status} is no JSON object of kind and value`))
        }
      } catch (error) {
        if (!(error instanceof NoAnswerError)) throw error
        findings.push(deviates(`it is not answered (${error.message})`))
      }
      const next = await session.unlock(session.newId())
      return [...findings, ...mustBeDone('the next request', next)]
    },
  },
  {
    name: 'http.no-http',
    rule: 'what is no HTTP does no harm: the next request is served',
    async run(session) {
      const connection = await RawConnection.open(session.target.url)
      connection.write('\0\x16\x03 no HTTP\r\n\r\n')
      const [answer] = await connection.answers(1, INTERIM_WITHIN_MS)
      connection.close()
      const wrong = answer !== undefined && isDone(answer) ? [fails('it is answered 2xx')] : []
      return [...wrong, ...mustBeDone('the next request', await session.unlock(session.newId()))]
    },
  },
]
