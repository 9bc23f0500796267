import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { systemClock } from '../../lib/daemon/system-clock.js'
import { LISTENER_BOUNDS, type ListenerBounds } from '../../lib/http/bounds.js'
import { Listener } from '../../lib/http/listener.js'
import { embeddedConfig } from '../support/embedded-config.js'
import { eventually } from '../support/eventually.js'
import {
  preReboot,
  sendRequest,
  steadyState,
  type FleetlockResponse,
  type RequestOptions,
} from '../support/fleetlock-request.js'
import { holdWriteLock } from '../support/hold-write-lock.js'
import { RawConnection, type RawResponse } from '../support/raw-connection.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'
import { uniqueGroup } from '../support/unique-group.js'

const PRE_REBOOT = '/v1/pre-reboot'
const STEADY_STATE = '/v1/steady-state'
const MAX_BODY_BYTES = 16 * 1024

/** The group of a request that is to be refused before its group matters. */
const anyGroup = 'default'

const SHAPE = '{"client_params":{"id":"…","group":"…"}}'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What a client judges by: the status, and the error if it is one, with nothing besides. */
interface Answer {
  readonly status: number
  readonly contentType: string | undefined
  readonly body: unknown
}

const GRANTED: Answer = { status: 200, contentType: undefined, body: '' }

function errorOf(status: number, kind: string, value: string): Answer {
  return { status, contentType: 'application/json', body: { kind, value } }
}

function invalid(problem: string): Answer {
  return errorOf(400, 'invalid_client_identity', `failed to validate client identity: ${problem}`)
}

function full(slots: number): Answer {
  return errorOf(423, 'failed_lock_semaphore_full', `all ${slots} semaphore slots currently locked`)
}

const WRONG_HEADER = invalid('wrong \'fleet-lock-protocol\' header; it must be exactly "true"')
const NO_PATH = errorOf(
  404,
  'not_found',
  'no such path; FleetLock has /v1/pre-reboot and /v1/steady-state',
)
const TOO_LARGE = errorOf(413, 'request_too_large', 'the body is larger than 16384 bytes')
const NO_HTTP = errorOf(400, 'invalid_client_identity', 'this is not an HTTP/1.1 request')

function answerOf({ status, headers, body }: FleetlockResponse | RawResponse): Answer {
  const contentType = headers['content-type']
  return { status, contentType, body: body === '' ? '' : (JSON.parse(body) as unknown) }
}

function bodyOf(group: string, id = 'node'): string {
  return JSON.stringify({ client_params: { id, group } })
}

/** A request as it stands on the wire, with a Content-Length. */
function wireRequest(path: string, body: string, ...headers: readonly string[]): string {
  return [
    `POST ${path} HTTP/1.1`,
    'Host: airlock',
    'fleet-lock-protocol: true',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    body,
  ].join('\r\n')
}

function chunkedRequest(path: string, chunks: readonly string[]): string {
  const head = `POST ${path} HTTP/1.1\r\nHost: airlock\r\nfleet-lock-protocol: true\r\n`
  const body = [...chunks, '']
    .map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`)
    .join('')
  return `${head}Transfer-Encoding: chunked\r\n\r\n${body}`
}

describe('the main service', () => {
  const unusedGroups = Array.from({ length: 40 }, () => uniqueGroup())
  const closedGroup = uniqueGroup()
  let daemon: Daemon

  before(async () => {
    const ofOneSlot = Object.fromEntries(unusedGroups.map((name) => [name, 1]))
    const groups = { ...ofOneSlot, [closedGroup]: 0 }
    daemon = await runDaemon({ config: embeddedConfig({ groups }) })
    await daemon.ready()
  })
  after(async () => {
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null })
  })

  /** A group of one slot that no other test uses. */
  function freshGroup(): string {
    const group = unusedGroups.pop()
    if (group === undefined) throw new Error('there are more tests than groups')
    return group
  }

  async function send(path: string, options: RequestOptions): Promise<Answer> {
    return answerOf(await sendRequest(`${daemon.serviceUrl}${path}`, options))
  }

  /** Posts a body with the protocol's header, and these. */
  function post(
    path: string,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const all = { 'fleet-lock-protocol': 'true', ...headers }
    return send(path, { method: 'POST', headers: all, body })
  }

  /** Writes bytes to a connection of its own and resolves to so many answers. */
  async function exchange(bytes: string | Uint8Array, count = 1): Promise<readonly RawResponse[]> {
    const connection = await RawConnection.open(daemon.serviceUrl)
    connection.write(bytes)
    const responses = await connection.responses(count)
    connection.destroy()
    return responses
  }

  async function rawAnswer(bytes: string | Uint8Array): Promise<Answer | undefined> {
    const [response] = await exchange(bytes)
    return response === undefined ? undefined : answerOf(response)
  }

  /** Whether the group's only slot is free. */
  async function isFree(group: string): Promise<boolean> {
    const answer = await post(PRE_REBOOT, bodyOf(group, 'who-tries'))
    if (answer.status === 200) await post(STEADY_STATE, bodyOf(group, 'who-tries'))
    return answer.status === 200
  }

  describe('locks and unlocks', () => {
    it('grants a slot, and grants it again to its holder', async () => {
      const group = freshGroup()
      const answers = [
        await post(PRE_REBOOT, bodyOf(group)),
        await post(PRE_REBOOT, bodyOf(group)),
        await post(PRE_REBOOT, bodyOf(group)),
      ]
      expect(answers).to.deep.equal([GRANTED, GRANTED, GRANTED])
    })

    it('refuses another machine while all slots are held, and grants it after the release', async () => {
      const group = freshGroup()
      const answers = [
        await post(PRE_REBOOT, bodyOf(group, 'first')),
        await post(PRE_REBOOT, bodyOf(group, 'second')),
        await post(STEADY_STATE, bodyOf(group, 'first')),
        await post(PRE_REBOOT, bodyOf(group, 'second')),
        await post(PRE_REBOOT, bodyOf(group, 'first')),
      ]
      expect(answers).to.deep.equal([GRANTED, full(1), GRANTED, GRANTED, full(1)])
    })

    it('confirms the steady state of a machine that holds nothing, and takes no slot by it', async () => {
      const group = freshGroup()
      await post(PRE_REBOOT, bodyOf(group, 'holder'))
      const answers = [
        await post(STEADY_STATE, bodyOf(group, 'other')),
        await post(STEADY_STATE, bodyOf(group, 'other')),
        await post(PRE_REBOOT, bodyOf(group, 'other')),
      ]
      expect(answers).to.deep.equal([GRANTED, GRANTED, full(1)])
    })

    it('answers every one of many machines that ask at once, and grants one', async () => {
      const group = freshGroup()
      const ids = Array.from({ length: 50 }, (_, index) => `node-${index}`)
      const answers = await Promise.all(ids.map((id) => post(PRE_REBOOT, bodyOf(group, id))))
      const refused = answers.filter(({ status }) => status !== 200)
      expect(refused).to.deep.equal(Array<Answer>(49).fill(full(1)))
    })

    it('grants nobody of a group with 0 slots, and confirms its steady states', async () => {
      const nobody = 'this group has 0 semaphore slots: nobody may reboot'
      expect([
        await post(PRE_REBOOT, bodyOf(closedGroup)),
        await post(STEADY_STATE, bodyOf(closedGroup)),
      ]).to.deep.equal([errorOf(423, 'failed_lock_semaphore_full', nobody), GRANTED])
    })

    it('serves the group "default" without it being configured', async () => {
      const params = { id: '978a225b3d7b40e9acd7ce9b62f68444', group: 'default' }
      const locked = await preReboot(daemon.serviceUrl, params)
      const unlocked = await steadyState(daemon.serviceUrl, params)
      expect([answerOf(locked), answerOf(unlocked)]).to.deep.equal([GRANTED, GRANTED])
    })
  })

  describe('the request line', () => {
    for (const path of [PRE_REBOOT, STEADY_STATE]) {
      for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
        it(`allows only POST, not ${method}, on ${path}`, async () => {
          const headers = { 'fleet-lock-protocol': 'true' }
          const response = await sendRequest(`${daemon.serviceUrl}${path}`, { method, headers })
          const wanted = errorOf(405, 'method_not_allowed', 'only POST is allowed here')
          expect([answerOf(response), response.headers.allow]).to.deep.equal([wanted, 'POST'])
        })
      }

      it(`allows only POST, not HEAD, on ${path}`, async () => {
        const { status, headers, body } = await sendRequest(`${daemon.serviceUrl}${path}`, {
          method: 'HEAD',
        })
        expect([status, headers.allow, body]).to.deep.equal([405, 'POST', ''])
      })
    }

    it('takes no slot for a GET with a body', async () => {
      const group = freshGroup()
      const headers = { 'fleet-lock-protocol': 'true' }
      const answer = await send(PRE_REBOOT, { method: 'GET', headers, body: bodyOf(group) })
      expect([answer.status, await isFree(group)]).to.deep.equal([405, true])
    })

    for (const path of [
      '/',
      '/v1',
      '/v1/',
      '//v1/pre-reboot',
      '/v1//pre-reboot',
      '/v1/pre-reboot/',
      '/v1/pre-reboot//',
      '/v1/steady-state/',
      '/V1/pre-reboot',
      '/v1/Pre-Reboot',
      '/v1/pre%2Dreboot',
      '/v1%2Fpre-reboot',
      '/v1/pre-reboot%20',
      '/v1/pre-reboot%',
      '/v1/%E0%A4%A',
      '/v1/x/../pre-reboot',
      '/v1/./pre-reboot',
      '/v2/pre-reboot',
      '/metrics',
      '/v1/pre-reboot#fragment',
      '/v1\\pre-reboot#',
      '/v1\\pre-reboot?#',
      '/?/v1/pre-reboot',
    ]) {
      it(`has nothing at ${path}`, async () => {
        const request = wireRequest(path, bodyOf(anyGroup))
        const [response] = await exchange(Buffer.from(request, 'latin1'))
        expect(response && answerOf(response)).to.deep.equal(NO_PATH)
        expect(response?.headers).not.to.have.property('location')
      })
    }

    for (const query of ['?', '?a=b', '?group=other&id=x', '?%', '?/../x']) {
      it(`ignores the query ${query}`, async () => {
        const group = freshGroup()
        const answers = [
          await post(`${PRE_REBOOT}${query}`, bodyOf(group, 'a')),
          await post(PRE_REBOOT, bodyOf(group, 'b')),
          await post(`${STEADY_STATE}${query}`, bodyOf(group, 'a')),
          await post(PRE_REBOOT, bodyOf(group, 'b')),
        ]
        expect(answers).to.deep.equal([GRANTED, full(1), GRANTED, GRANTED])
      })
    }
  })

  describe('the header fleet-lock-protocol', () => {
    const body = bodyOf('default')

    for (const path of [PRE_REBOOT, STEADY_STATE]) {
      it(`must be there on ${path}`, async () => {
        expect(await send(path, { method: 'POST', body })).to.deep.equal(WRONG_HEADER)
      })
    }

    for (const value of ['True', 'TRUE', 'false', '1', 'true, true', 'true,', '"true"', '']) {
      it(`must not be '${value}'`, async () => {
        const answer = await post(PRE_REBOOT, body, { 'fleet-lock-protocol': value })
        expect(answer).to.deep.equal(WRONG_HEADER)
      })
    }

    it('must not be there twice', async () => {
      const request = wireRequest(PRE_REBOOT, body, 'fleet-lock-protocol: true')
      expect(await rawAnswer(request)).to.deep.equal(WRONG_HEADER)
    })

    it('has a name in any case', async () => {
      const group = freshGroup()
      const request = wireRequest(PRE_REBOOT, bodyOf(group)).replace('fleet-lock', 'FLEET-Lock')
      expect(await rawAnswer(request)).to.deep.equal(GRANTED)
    })

    it('is looked at before the body', async () => {
      expect(await send(PRE_REBOOT, { method: 'POST', body: 'no json' })).to.deep.equal(
        WRONG_HEADER,
      )
    })
  })

  describe('the body', () => {
    it('is JSON whatever its content type', async () => {
      const group = freshGroup()
      const types = [
        'application/x-www-form-urlencoded',
        'text/plain',
        'application/json',
        'application/json; charset=latin1',
        'multipart/form-data; boundary=x',
        'no type',
        '',
      ]
      const answers = [await post(PRE_REBOOT, bodyOf(group))]
      for (const type of types) {
        answers.push(await post(PRE_REBOOT, bodyOf(group), { 'content-type': type }))
      }
      expect(answers).to.deep.equal(Array<Answer>(types.length + 1).fill(GRANTED))
    })

    for (const encoding of ['gzip', 'deflate', 'br', 'unknown']) {
      it(`is refused with the content encoding ${encoding}`, async () => {
        const plain = bodyOf(anyGroup)
        const body = encoding === 'gzip' ? gzipSync(plain) : plain
        expect(await post(PRE_REBOOT, body, { 'content-encoding': encoding })).to.deep.equal(
          invalid('a compressed body is not accepted'),
        )
      })
    }

    it('is read with the content encoding identity', async () => {
      const headers = { 'content-encoding': 'identity' }
      expect(await post(PRE_REBOOT, bodyOf(freshGroup()), headers)).to.deep.equal(GRANTED)
    })

    it('has at most 16 KiB by its Content-Length', async () => {
      const group = freshGroup()
      const largest = bodyOf(group).padEnd(MAX_BODY_BYTES)
      expect([
        await post(PRE_REBOOT, `${largest} `),
        await isFree(group),
        await post(PRE_REBOOT, largest),
      ]).to.deep.equal([TOO_LARGE, true, GRANTED])
    })

    it('has at most 16 KiB in chunks', async () => {
      const group = freshGroup()
      const largest = bodyOf(group).padEnd(MAX_BODY_BYTES)
      const chunks = [largest.slice(0, 20), largest.slice(20, 9_000), largest.slice(9_000)]
      expect([
        await rawAnswer(chunkedRequest(PRE_REBOOT, [...chunks, ' '])),
        await isFree(group),
        await rawAnswer(chunkedRequest(PRE_REBOOT, chunks)),
      ]).to.deep.equal([TOO_LARGE, true, GRANTED])
    })

    it('of megabytes is answered 413, not by a broken connection', async () => {
      expect(await post(PRE_REBOOT, Buffer.alloc(8 * 1024 * 1024, ' '))).to.deep.equal(TOO_LARGE)
    })

    it('may have fields that the protocol does not know yet', async () => {
      const group = freshGroup()
      const body = { client_params: { id: 'node', group, more: [1] }, version: 2 }
      expect(await post(PRE_REBOOT, JSON.stringify(body))).to.deep.equal(GRANTED)
    })

    it('without client_params is refused with the right shape, although it has id and group', async () => {
      const group = freshGroup()
      const answer = await post(PRE_REBOOT, JSON.stringify({ id: 'node', group }))
      expect([answer, await isFree(group)]).to.deep.equal([
        invalid(`the body has no "client_params" object; expected ${SHAPE}`),
        true,
      ])
    })

    const noParams = `the body has no "client_params" object; expected ${SHAPE}`
    const noJson = `the body is not UTF-8 JSON (a syntax error); expected ${SHAPE}`
    const wrongs: readonly (readonly [string, string | Uint8Array, string])[] = [
      ['empty', '', `the body is empty; expected ${SHAPE}`],
      ['no JSON', 'id=x&group=default', noJson],
      ['half of a JSON', bodyOf('default').slice(0, -1), noJson],
      ['two JSONs', `${bodyOf('default')}${bodyOf('default')}`, noJson],
      ['JSON behind a byte order mark', `\ufeff${bodyOf('default')}`, noJson],
      [
        'not UTF-8',
        Buffer.from(bodyOf('default', 'nöde'), 'latin1'),
        `the body is not UTF-8 JSON (wrong encoding); expected ${SHAPE}`,
      ],
      ['null', 'null', noParams],
      ['a number', '1', noParams],
      ['a list', '[{"client_params":{}}]', noParams],
      ['with client_params null', '{"client_params":null}', noParams],
      ['with client_params a list', '{"client_params":["id","group"]}', noParams],
      ['with client_params a text', '{"client_params":"id"}', noParams],
      [
        'without an id',
        '{"client_params":{"group":"default"}}',
        `client_params.id is missing; expected ${SHAPE}`,
      ],
      [
        'without a group',
        '{"client_params":{"id":"a"}}',
        `client_params.group is missing; expected ${SHAPE}`,
      ],
      [
        'with a number for an id',
        '{"client_params":{"id":1,"group":"default"}}',
        `client_params.id is not a string; expected ${SHAPE}`,
      ],
      [
        'with null for a group',
        '{"client_params":{"id":"a","group":null}}',
        `client_params.group is not a string; expected ${SHAPE}`,
      ],
    ]
    for (const [what, body, problem] of wrongs) {
      for (const path of [PRE_REBOOT, STEADY_STATE]) {
        it(`that is ${what} is refused on ${path}`, async () => {
          expect(await post(path, body)).to.deep.equal(invalid(problem))
        })
      }
    }
  })

  describe('id and group', () => {
    for (const id of ['a', 'x'.repeat(256), 'with space', 'nöde', '🖥', '"\\/<>&;\'', '-', '0']) {
      it(`takes the id '${id.slice(0, 20)}' of ${id.length} characters`, async () => {
        const group = freshGroup()
        const answers = [
          await post(PRE_REBOOT, bodyOf(group, id)),
          await post(PRE_REBOOT, bodyOf(group, 'other')),
          await post(STEADY_STATE, bodyOf(group, id)),
          await post(PRE_REBOOT, bodyOf(group, 'other')),
        ]
        expect(answers).to.deep.equal([GRANTED, full(1), GRANTED, GRANTED])
      })
    }

    for (const [id, problem] of [
      ['', 'must not be empty'],
      ['x'.repeat(257), 'must have at most 256 characters, got 257'],
      ['\0', 'may only contain printable characters'],
      ['a\nb', 'may only contain printable characters'],
      ['a\tb', 'may only contain printable characters'],
      ['\u007f', 'may only contain printable characters'],
      ['\u0085', 'may only contain printable characters'],
      ['\u2028', 'may only contain printable characters'],
      ['\u202e', 'may only contain printable characters'],
      ['\ud800', 'may only contain printable characters'],
    ] as const) {
      it(`refuses the id ${JSON.stringify(id.slice(0, 20))} of ${id.length} characters`, async () => {
        const answers = [
          await post(PRE_REBOOT, bodyOf('default', id)),
          await post(STEADY_STATE, bodyOf('default', id)),
        ]
        const refused = invalid(`client_params.id ${problem}`)
        expect(answers).to.deep.equal([refused, refused])
      })
    }

    for (const [group, problem] of [
      ['', 'must not be empty'],
      ['g'.repeat(254), 'must have at most 253 characters, got 254'],
      ['a_b', 'may only contain letters, digits, "." and "-"'],
      ['a b', 'may only contain letters, digits, "." and "-"'],
      ['a/b', 'may only contain letters, digits, "." and "-"'],
      ['default\n', 'may only contain letters, digits, "." and "-"'],
      ['gröup', 'may only contain letters, digits, "." and "-"'],
    ] as const) {
      it(`refuses the group ${JSON.stringify(group.slice(0, 20))} of ${group.length} characters`, async () => {
        const answer = await post(PRE_REBOOT, bodyOf(group))
        expect(answer).to.deep.equal(invalid(`client_params.group ${problem}`))
      })
    }

    for (const group of ['nope', 'Default', 'constructor', 'a.b-c', 'g'.repeat(253)]) {
      it(`does not know the group ${group.slice(0, 20)} of ${group.length} characters`, async () => {
        const unknown = errorOf(400, 'unknown_group', `unknown group "${group}"`)
        expect([
          await post(PRE_REBOOT, bodyOf(group)),
          await post(STEADY_STATE, bodyOf(group)),
        ]).to.deep.equal([unknown, unknown])
      })
    }
  })

  describe('its answers', () => {
    it('have no header beyond the necessary', async () => {
      const group = freshGroup()
      const done = await preReboot(daemon.serviceUrl, { id: 'a', group })
      const refused = await preReboot(daemon.serviceUrl, { id: 'b', group })
      const lost = await sendRequest(`${daemon.serviceUrl}/nowhere`)
      const names = [done, refused, lost].map(({ headers }) => Object.keys(headers).sort())
      const always = ['connection', 'content-length', 'date']
      expect(names).to.deep.equal([
        [...always, 'x-request-id'],
        ['connection', 'content-length', 'content-type', 'date', 'x-request-id'],
        ['connection', 'content-length', 'content-type', 'date'],
      ])
    })

    it('carry the request id of the lines in the log', async () => {
      const group = freshGroup()
      const done = await preReboot(daemon.serviceUrl, { id: 'a', group })
      const refused = await preReboot(daemon.serviceUrl, { id: 'b', group })
      const ids = [done, refused].map(({ headers }) => String(headers['x-request-id']))
      expect(ids.map((id) => UUID.test(id))).to.deep.equal([true, true])
      const lines = await eventually(() => {
        const found = ids.map((id) =>
          daemon.logs.filter((line) => line.endsWith(` request_id=${id}`)).map(withoutVariables),
        )
        if (found.flat().length < 4) throw new Error('the lines are not there')
        return found
      })
      expect(lines).to.deep.equal([
        [
          `level=debug msg="processing client pre-reboot request" group=${group} id=a`,
          `level=info msg="giving green flag to pre-reboot request" group=${group} id=a outcome=acquired status=200`,
        ],
        [
          `level=debug msg="processing client pre-reboot request" group=${group} id=b`,
          `level=info msg="giving red flag to pre-reboot request" group=${group} id=b outcome=failed_lock_semaphore_full reason="all 1 semaphore slots currently locked" status=423`,
        ],
      ])
    })

    it('carry an id of their own each', async () => {
      const params = { id: 'a', group: 'nope' }
      const ids = new Set<unknown>()
      for (let count = 0; count < 5; count++) {
        ids.add((await preReboot(daemon.serviceUrl, params)).headers['x-request-id'])
      }
      expect(ids.size).to.equal(5)
    })

    it('carry no request id that the client has chosen', async () => {
      const headers = { 'x-request-id': 'mine' }
      const response = await preReboot(daemon.serviceUrl, { id: 'a', group: 'nope' }, { headers })
      expect(response.headers['x-request-id']).to.match(UUID)
    })

    it('repeat nothing of a body that is not understood', async () => {
      const secret = 'hunter2'
      const response = await sendRequest(`${daemon.serviceUrl}${PRE_REBOOT}`, {
        method: 'POST',
        headers: { 'fleet-lock-protocol': 'true', authorization: `Basic ${secret}` },
        body: `{"password": ${secret}}`,
      })
      expect([response.status, response.body.includes(secret)]).to.deep.equal([400, false])
      expect(daemon.logs.filter((line) => line.includes(secret))).to.deep.equal([])
    })
  })

  describe('connections', () => {
    it('serve one request after the other', async () => {
      const group = freshGroup()
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      try {
        const options = { agent }
        const answers = [
          await preReboot(daemon.serviceUrl, { id: 'a', group }, options),
          await preReboot(daemon.serviceUrl, { id: 'b', group }, options),
          await steadyState(daemon.serviceUrl, { id: 'a', group }, options),
        ]
        expect(answers.map(answerOf)).to.deep.equal([GRANTED, full(1), GRANTED])
        expect(answers.map(({ headers }) => headers.connection)).to.deep.equal(
          Array<string>(3).fill('keep-alive'),
        )
        expect(Object.values(agent.freeSockets).flat()).to.have.length(1)
      } finally {
        agent.destroy()
      }
    })

    it('stay open after a wrong header, although the body is not read', async () => {
      const group = freshGroup()
      const wrong = wireRequest(PRE_REBOOT, 'x'.repeat(5_000)).replace(': true', ': false')
      const responses = await exchange(wrong + wireRequest(PRE_REBOOT, bodyOf(group)), 2)
      expect(responses.map(answerOf)).to.deep.equal([WRONG_HEADER, GRANTED])
    })

    it('serve pipelined requests, each with its own answer in the order of the requests', async () => {
      const group = freshGroup()
      const requests = [
        wireRequest(PRE_REBOOT, bodyOf(group, 'a')),
        wireRequest(PRE_REBOOT, bodyOf('nope', 'a')),
        wireRequest(STEADY_STATE, bodyOf(group, 'a')),
        wireRequest('/nowhere', ''),
        wireRequest(PRE_REBOOT, 'no json'),
      ]
      const responses = await exchange(requests.join(''), requests.length)
      expect(responses.map(({ status }) => status)).to.deep.equal([200, 400, 200, 404, 400])
    })

    it('do nothing that follows a request with another transfer coding, in one piece or in two', async () => {
      const group = freshGroup()
      const coded = chunkedRequest(PRE_REBOOT, ['x']).replace(': chunked', ': ,chunked')
      const behind = wireRequest(PRE_REBOOT, bodyOf(group))
      for (const pieces of [[coded + behind], [coded, behind]]) {
        const connection = await RawConnection.open(daemon.serviceUrl)
        for (const piece of pieces) {
          connection.write(piece)
          await setImmediate()
        }
        const responses = await connection.untilEnded()
        expect(responses.map(({ status }) => status)).to.deep.equal([400])
      }
      expect(await isFree(group)).to.equal(true)
    })

    it('serve a request that comes byte by byte', async () => {
      const connection = await RawConnection.open(daemon.serviceUrl)
      for (const byte of wireRequest(PRE_REBOOT, bodyOf(freshGroup()))) {
        connection.write(byte)
        await sleep(1)
      }
      const responses = await connection.responses(1)
      connection.destroy()
      expect(responses.map(answerOf)).to.deep.equal([GRANTED])
    })

    it('serve HTTP/1.0, and are closed after it', async () => {
      const connection = await RawConnection.open(daemon.serviceUrl)
      const request = wireRequest(PRE_REBOOT, bodyOf(freshGroup()))
      connection.write(request.replace('HTTP/1.1', 'HTTP/1.0'))
      expect((await connection.untilEnded()).map(answerOf)).to.deep.equal([GRANTED])
    })

    it('are closed when the client asks for it', async () => {
      const connection = await RawConnection.open(daemon.serviceUrl)
      connection.write(wireRequest(PRE_REBOOT, bodyOf(freshGroup()), 'Connection: close'))
      expect((await connection.untilEnded()).map(answerOf)).to.deep.equal([GRANTED])
    })

    it('serve a request that the end of the stream follows at once', async () => {
      const connection = await RawConnection.open(daemon.serviceUrl)
      connection.write(wireRequest(PRE_REBOOT, bodyOf(freshGroup())))
      connection.endWriting()
      expect((await connection.untilEnded()).map(answerOf)).to.deep.equal([GRANTED])
    })

    it('pass over an offer to upgrade', async () => {
      const request = wireRequest(
        PRE_REBOOT,
        bodyOf(freshGroup()),
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
      )
      expect(await rawAnswer(request)).to.deep.equal(GRANTED)
    })

    it('pass over an expectation that is not known', async () => {
      const request = wireRequest(PRE_REBOOT, bodyOf(freshGroup()), 'Expect: the-unexpected')
      expect(await rawAnswer(request)).to.deep.equal(GRANTED)
    })

    it('serve a client that waits for 100 Continue', async () => {
      const body = bodyOf(freshGroup())
      const [head = ''] = wireRequest(PRE_REBOOT, body, 'Expect: 100-continue').split('{')
      const connection = await RawConnection.open(daemon.serviceUrl)
      connection.write(head)
      await connection.responses(1)
      connection.write(body)
      const responses = await connection.responses(2)
      connection.destroy()
      expect(responses.map(answerOf)).to.deep.equal([{ ...GRANTED, status: 100 }, GRANTED])
    })
  })

  describe('what is not HTTP', () => {
    const wrongs = {
      words: 'hello airlock\r\n\r\n',
      'a TLS hello': Buffer.from('16030100c5010000c10303', 'hex'),
      'an HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'a header with a NUL': wireRequest(PRE_REBOOT, bodyOf('default'), 'a: \0'),
      'two lengths': wireRequest(PRE_REBOOT, bodyOf('default'), 'Content-Length: 5'),
      'a length and chunks': wireRequest(
        PRE_REBOOT,
        bodyOf('default'),
        'Transfer-Encoding: chunked',
      ),
      'a negative length': wireRequest(PRE_REBOOT, '').replace('Length: 0', 'Length: -1'),
      'a space before a colon': wireRequest(PRE_REBOOT, bodyOf('default'), 'fleet : x'),
      'a folded header': wireRequest(PRE_REBOOT, bodyOf('default'), 'a: b', ' c'),
    }
    for (const [what, bytes] of Object.entries(wrongs)) {
      it(`is answered with JSON and the end of the connection: ${what}`, async () => {
        const connection = await RawConnection.open(daemon.serviceUrl)
        connection.write(bytes)
        expect((await connection.untilEnded()).map(answerOf)).to.deep.equal([NO_HTTP])
      })
    }

    it('is answered 413 where the headers are over 16 KiB', async () => {
      const connection = await RawConnection.open(daemon.serviceUrl)
      connection.write(wireRequest(PRE_REBOOT, bodyOf('default'), `a: ${'b'.repeat(17_000)}`))
      expect((await connection.untilEnded()).map(answerOf)).to.deep.equal([
        errorOf(413, 'request_too_large', 'the headers are too large'),
      ])
    })

    it('leaves the daemon serving', async () => {
      for (const bytes of Object.values(wrongs)) {
        const connection = await RawConnection.open(daemon.serviceUrl)
        connection.write(bytes)
        connection.reset()
      }
      expect(await post(PRE_REBOOT, bodyOf(freshGroup()))).to.deep.equal(GRANTED)
    })
  })

  describe('curl', () => {
    async function curl(...args: readonly string[]): Promise<string> {
      const child = spawn('curl', ['--silent', '--show-error', '--max-time', '10', ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const ended = once(child, 'close')
      const printed = await text(child.stdout)
      expect(await ended).to.deep.equal([0, null])
      return printed
    }

    it('locks and unlocks with -d @body.json, as in the tutorial', async () => {
      const folder = await createTempFolder()
      try {
        const group = freshGroup()
        const ask = async (path: string, id: string): Promise<string> => {
          const file = await folder.write('body.json', `${bodyOf(group, id)}\n`)
          const format = '%{http_code} %{redirect_url}'
          const url = `${daemon.serviceUrl}${path}`
          const header = 'fleet-lock-protocol: true'
          return curl('-w', format, '-H', header, '-d', `@${file}`, url)
        }
        const answers = [
          await ask(PRE_REBOOT, 'a'),
          await ask(PRE_REBOOT, 'b'),
          await ask(STEADY_STATE, 'a'),
        ]
        expect(answers).to.deep.equal(['200 ', `${JSON.stringify(full(1).body)}423 `, '200 '])
      } finally {
        await folder.remove()
      }
    })

    it('is refused without the header, and with a flat body', async () => {
      const url = `${daemon.serviceUrl}${PRE_REBOOT}`
      const withoutHeader = await curl('-d', bodyOf('default'), url)
      const flat = '{"id":"a","group":"default"}'
      const withFlatBody = await curl('-H', 'fleet-lock-protocol: true', '-d', flat, url)
      expect(
        [withoutHeader, withFlatBody].map((body) => JSON.parse(body) as unknown),
      ).to.deep.equal([
        WRONG_HEADER.body,
        invalid(`the body has no "client_params" object; expected ${SHAPE}`).body,
      ])
    })
  })
})

/** A log line without what differs from run to run. */
function withoutVariables(line: string): string {
  return line
    .replace(/^time="[^"]*" /, '')
    .replace(/ duration_ms=\d+/, '')
    .replace(/ client=127\.0\.0\.1 request_id=\S+$/, '')
}

describe('the main service, while the store is slow', () => {
  const group = 'default'
  let folder: TempFolder
  let daemon: Daemon
  let release: () => void = () => undefined

  beforeEach(async () => {
    folder = await createTempFolder()
    const path = folder.file('airlock.db')
    const more = `[etcd3]\ntransaction_timeout_ms = 10000\n[lock]\ndefault_slots = 5`
    daemon = await runDaemon({ config: embeddedConfig({ path, more }) })
    await daemon.ready()
    await daemon.logged(/slots applied/)
    release = holdWriteLock(path)
  })
  afterEach(async () => {
    release()
    await daemon.stop()
    await folder.remove()
  })

  function holders(): Promise<string | undefined> {
    return sendRequest(`${daemon.statusUrl}/metrics`).then(
      ({ body }) => /^airlock_database_semaphore_lock_holders\{.*\} (\d+)$/m.exec(body)?.[1],
    )
  }

  for (const [how, leave] of [
    ['said that it says no more', (client: RawConnection) => client.endWriting()],
    ['closed its connection', (client: RawConnection) => client.destroy()],
    ['reset its connection', (client: RawConnection) => client.reset()],
  ] as const) {
    it(`gives no slot to a client that has ${how} while it waited`, async () => {
      const first = preReboot(daemon.serviceUrl, { id: 'stays', group })
      await daemon.logged(/processing client .* id=stays/)
      const client = await RawConnection.open(daemon.serviceUrl)
      client.write(wireRequest(PRE_REBOOT, bodyOf(group, 'leaves')))
      await daemon.logged(/processing client .* id=leaves/)
      leave(client)
      // Time for the end of the connection to arrive, which nothing shows from outside.
      await sleep(200)
      release()
      expect((await first).status).to.equal(200)
      const line = await daemon.logged(/id=leaves outcome=/)
      expect(line).to.contain('outcome=failed_lock_withdrawn')
      expect(await holders()).to.equal('1')
    })
  }

  it('takes back no slot for a machine that has left meanwhile: it may hold again', async () => {
    const lock = preReboot(daemon.serviceUrl, { id: 'a', group })
    await daemon.logged(/processing client .* id=a/)
    const client = await RawConnection.open(daemon.serviceUrl)
    client.write(wireRequest(STEADY_STATE, bodyOf(group, 'a')))
    await daemon.logged(/steady-state report.* id=a/)
    client.destroy()
    await sleep(200)
    release()
    expect((await lock).status).to.equal(200)
    await daemon.logged(/red flag to steady-state report.* outcome=failed_lock_withdrawn/)
    expect(await holders()).to.equal('1')
    expect((await steadyState(daemon.serviceUrl, { id: 'a', group })).status).to.equal(200)
    expect(await holders()).to.equal('0')
  })
})

describe('a listener', () => {
  const listeners: Listener[] = []

  afterEach(async () => {
    await Promise.all(listeners.splice(0).map((listener) => listener.close()))
  })

  async function listen(
    bounds: Partial<ListenerBounds>,
    handler = (_request: IncomingMessage, response: ServerResponse): void => {
      response.writeHead(200, { 'Content-Length': 2 }).end('ok')
    },
  ): Promise<{ listener: Listener; url: string }> {
    const all = { ...LISTENER_BOUNDS, connectionsCheckMs: 20, drainMs: 100, ...bounds }
    const listener = new Listener(handler, systemClock, all)
    await listener.listen('127.0.0.1', 0)
    listeners.push(listener)
    return { listener, url: `http://${listener.addresses[0] ?? ''}` }
  }

  const TIMED_OUT = errorOf(408, 'request_timeout', 'the request did not arrive in time')
  const slow = { headersTimeoutMs: 200, requestTimeoutMs: 400 }

  it('cuts off a client that says nothing', async () => {
    const { url } = await listen(slow)
    const connection = await RawConnection.open(url)
    expect((await connection.untilEnded()).map(answerOf)).to.deep.equal([TIMED_OUT])
  })

  it('cuts off a client whose headers do not end', async () => {
    const { url } = await listen(slow)
    const connection = await RawConnection.open(url)
    connection.write('POST / HTTP/1.1\r\n')
    const drip = setInterval(() => connection.write('a: b\r\n'), 20)
    const responses = await connection.untilEnded()
    clearInterval(drip)
    expect(responses.map(answerOf)).to.deep.equal([TIMED_OUT])
  })

  it('cuts off a client whose body does not end', async () => {
    const { url } = await listen(slow, (request) => request.resume())
    const connection = await RawConnection.open(url)
    connection.write('POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n')
    const drip = setInterval(() => connection.write('x'), 20)
    const responses = await connection.untilEnded()
    clearInterval(drip)
    expect(responses.map(answerOf)).to.deep.equal([TIMED_OUT])
  })

  it('does not cut off a request that has arrived, however long its answer takes', async () => {
    const { url } = await listen(slow, (_request, response) => {
      setTimeout(() => response.writeHead(204).end(), 1_000)
    })
    const response = await sendRequest(url, { method: 'POST', body: 'x' })
    expect(response.status).to.equal(204)
  })

  it('hands over the requests of a connection one after another', async () => {
    const open: ServerResponse[] = []
    const { url } = await listen({}, (_request, response) => open.push(response))
    const connection = await RawConnection.open(url)
    connection.write('GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n')
    for (const count of [1, 2, 3]) {
      await eventually(() => expect(open).to.have.length(count))
      const { req } = open.at(-1) as ServerResponse & { readonly req: IncomingMessage }
      expect(req.url).to.equal(`/${count}`)
      open.at(-1)?.writeHead(200, { 'Content-Length': 2 }).end('ok')
    }
    expect(await connection.responses(3)).to.have.length(3)
    connection.destroy()
  })

  it('hands over no request after an answer that ends the connection', async () => {
    const asked: (string | undefined)[] = []
    const { url } = await listen({}, (request, response) => {
      asked.push(request.url)
      response.setHeader('Connection', 'close')
      setTimeout(() => response.writeHead(200, { 'Content-Length': 2 }).end('ok'), 20)
    })
    const connection = await RawConnection.open(url)
    connection.write('GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n')
    expect(await connection.untilEnded()).to.have.length(1)
    expect(asked).to.deep.equal(['/1'])
  })

  it('ends a connection that has been idle after its answer', async () => {
    const { url } = await listen({ keepAliveTimeoutMs: 100 })
    const connection = await RawConnection.open(url)
    connection.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const responses = await connection.untilEnded()
    expect(responses.map(({ body }) => body)).to.deep.equal(['ok'])
  })

  it('refuses headers over its bound', async () => {
    const { url } = await listen({ maxHeaderBytes: 1024 })
    const response = await sendRequest(url, { headers: { a: 'b'.repeat(2_000) } })
    expect(answerOf(response)).to.deep.equal(
      errorOf(413, 'request_too_large', 'the headers are too large'),
    )
  })

  it('takes no more connections than its bound', async () => {
    const { url } = await listen({ maxConnections: 1 })
    const first = await RawConnection.open(url)
    const second = await RawConnection.open(url)
    second.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(await second.untilEnded()).to.deep.equal([])
    first.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(await first.responses(1)).to.have.length(1)
    first.destroy()
  })

  it('closes at once when its connections are idle', async () => {
    const { listener, url } = await listen({ drainMs: 60_000 })
    const connection = await RawConnection.open(url)
    connection.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await connection.responses(1)
    await listener.close()
    expect(await connection.untilEnded()).to.have.length(1)
  })

  it('answers what is under way before it closes, and ends the connection', async () => {
    const open: ServerResponse[] = []
    const { listener, url } = await listen({ drainMs: 60_000 }, (_request, response) => {
      open.push(response)
    })
    const connection = await RawConnection.open(url)
    connection.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await eventually(() => expect(open).to.have.length(1))
    const closed = listener.close()
    for (const response of open) response.writeHead(200, { 'Content-Length': 2 }).end('ok')
    await closed
    expect((await connection.untilEnded()).map(({ body }) => body)).to.deep.equal(['ok'])
  })

  it('closes after its bound whatever a client does', async () => {
    const { listener, url } = await listen({ drainMs: 100 })
    const connection = await RawConnection.open(url)
    connection.write('POST / HTTP/1.1\r\n')
    await listener.close()
    expect(await connection.untilEnded()).to.deep.equal([])
  })
})
