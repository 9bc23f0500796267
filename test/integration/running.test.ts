import { Agent } from 'node:http'
import { expect } from 'chai'
import { embeddedConfig } from '../support/embedded-config.js'
import { eventually } from '../support/eventually.js'
import {
  preReboot,
  sendRequest,
  steadyState,
  type FleetlockResponse,
} from '../support/fleetlock-request.js'
import { RawConnection } from '../support/raw-connection.js'
import { runDaemon, type Daemon, type DaemonOptions } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

const group = 'default'
const BODY = JSON.stringify({ client_params: { id: 'slow-node', group } })
const HEAD = [
  'POST /v1/pre-reboot HTTP/1.1',
  'fleet-lock-protocol: true',
  `Content-Length: ${BODY.length}`,
  '',
  '',
].join('\r\n')
const HALF = BODY.length / 2

const LOGFMT_LINE =
  /^time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ" level=(?:error|warn|notice|info|debug|trace) msg="(?:[^"\\]|\\.)+"(?: [a-z_]+=(?:[\w\-./@^+]+|"(?:[^"\\]|\\.)*"))*$/

const VARIABLE_FIELDS = ['time', 'duration_ms']

let folder: TempFolder
const daemons: Daemon[] = []

beforeEach(async () => {
  folder = await createTempFolder()
})
afterEach(async () => {
  await Promise.all(daemons.splice(0).map((daemon) => daemon.kill()))
  await folder.remove()
})

async function run(
  config = embeddedConfig(),
  options: Omit<DaemonOptions, 'config' | 'configPath'> = {},
): Promise<Daemon> {
  const daemon = await runDaemon({ config, ...options })
  daemons.push(daemon)
  return daemon.ready()
}

function statuses(answers: readonly FleetlockResponse[]): readonly number[] {
  return answers.map(({ status }) => status)
}

/** Sends the headers of a request and half of its body, and waits until the daemon has the headers. */
async function halfRequest(daemon: Daemon): Promise<RawConnection> {
  const connection = await RawConnection.open(daemon.serviceUrl)
  connection.write(HEAD + BODY.slice(0, HALF))
  await eventually(async () => {
    const { body } = await sendRequest(`${daemon.statusUrl}/metrics`)
    expect(body).to.match(/^airlock_v1_pre_reboot_incoming_requests_total [1-9]/m)
  })
  return connection
}

describe('a daemon that is told to stop', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`says so and exits 0 on ${signal}`, async () => {
      const daemon = await run()
      daemon.signal(signal)
      expect(await daemon.ended).to.deep.equal({ code: 0, signal: null })
      expect(daemon.stderr).to.deep.equal([])
      const last = daemon.stdout.slice(-2).map((line) => line.replace(/^time="[^"]*" /, ''))
      expect(last).to.deep.equal([
        `level=notice msg="airlock is stopping" reason=${signal}`,
        'level=notice msg="airlock has stopped"',
      ])
    })

    it(`answers on ${signal} what is under way, and accepts nothing more`, async () => {
      const daemon = await run()
      const { serviceUrl } = daemon
      const connection = await halfRequest(daemon)
      daemon.signal(signal)
      await daemon.logged(/airlock is stopping/)
      const late = await preReboot(serviceUrl, { id: 'late', group }).catch(
        (error: unknown) => error,
      )
      expect(late).to.have.property('message').that.contains('ECONNREFUSED')
      connection.write(BODY.slice(HALF))
      const responses = await connection.untilEnded()
      expect(responses.map(({ status, body }) => [status, body])).to.deep.equal([[200, '']])
      expect(await daemon.ended).to.deep.equal({ code: 0, signal: null })
      expect(await daemon.logged(/giving green flag/)).to.contain(' id=slow-node ')
    })
  }

  it('exits although clients keep their connections', async () => {
    const daemon = await run()
    const agent = new Agent({ keepAlive: true })
    try {
      await preReboot(daemon.serviceUrl, { id: 'a', group }, { agent })
      await sendRequest(`${daemon.statusUrl}/livez`, { agent })
      expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null })
    } finally {
      agent.destroy()
    }
  })

  it('exits 0 within 10 s although clients of both services never finish', async () => {
    const daemon = await run()
    const connections = [
      await halfRequest(daemon),
      await RawConnection.open(daemon.serviceUrl),
      await RawConnection.open(daemon.statusUrl),
    ]
    connections[2]?.write('GET /metrics HTTP/1.1\r\n')
    // `stop` rejects after the 10 s in which `podman stop` would have killed.
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null })
    for (const connection of connections) {
      expect(await connection.untilEnded()).to.deep.equal([])
    }
    expect(await daemon.logged(/airlock has stopped/)).to.contain('level=notice')
  }).timeout(30_000)

  for (const [first, second, code] of [
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGINT', 'SIGINT', 130],
    ['SIGTERM', 'SIGINT', 130],
  ] as const) {
    it(`exits ${code} at once on ${second} after ${first}`, async () => {
      const daemon = await run()
      const connection = await halfRequest(daemon)
      daemon.signal(first)
      await daemon.logged(/airlock is stopping/)
      daemon.signal(second)
      expect(await daemon.ended).to.deep.equal({ code, signal: null })
      expect(daemon.logs.filter((line) => line.includes('airlock has stopped'))).to.deep.equal([])
      connection.destroy()
    })
  }

  it('is not ready any more while it finishes what is under way', async () => {
    const daemon = await run()
    const connection = await halfRequest(daemon)
    daemon.signal('SIGTERM')
    await daemon.logged(/airlock is stopping/)
    const { status, body } = await sendRequest(`${daemon.statusUrl}/readyz`)
    expect([status, body]).to.deep.equal([503, 'airlock is shutting down\n'])
    connection.destroy()
    expect(await daemon.ended).to.deep.equal({ code: 0, signal: null })
  })

  it('leaves a store that the next one goes on with', async () => {
    const config = embeddedConfig({ path: folder.file('airlock.db') })
    const first = await run(config)
    await preReboot(first.serviceUrl, { id: 'holder', group })
    expect(await first.stop()).to.deep.equal({ code: 0, signal: null })
    const second = await run(config)
    const answers = [
      await preReboot(second.serviceUrl, { id: 'other', group }),
      await preReboot(second.serviceUrl, { id: 'holder', group }),
    ]
    expect(statuses(answers)).to.deep.equal([423, 200])
  })
})

describe('a daemon that is killed', () => {
  it('has not forgotten the holder when it is started again', async () => {
    const config = embeddedConfig({ path: folder.file('airlock.db') })
    const first = await run(config)
    expect((await preReboot(first.serviceUrl, { id: 'holder', group })).status).to.equal(200)
    await first.kill()

    const second = await run(config)
    const answers = [
      await preReboot(second.serviceUrl, { id: 'other', group }),
      await preReboot(second.serviceUrl, { id: 'holder', group }),
    ]
    expect(statuses(answers)).to.deep.equal([423, 200])
    expect(await second.logged(/giving green flag/)).to.contain(' id=holder outcome=already_held ')
    await steadyState(second.serviceUrl, { id: 'holder', group })
    await second.kill()

    const third = await run(config)
    expect((await preReboot(third.serviceUrl, { id: 'other', group })).status).to.equal(200)
  })

  it('has granted no more than one slot, whenever the kill comes', async () => {
    const config = embeddedConfig({ path: folder.file('airlock.db') })
    const granted: string[] = []
    const ids = Array.from({ length: 20 }, (_, index) => `node-${index}`)
    for (let round = 0; round < 3; round++) {
      const daemon = await run(config)
      const asked = ids.map(async (id) => {
        const answer = await preReboot(daemon.serviceUrl, { id, group }).catch(() => undefined)
        if (answer?.status === 200) granted.push(id)
        return answer
      })
      await Promise.race(asked)
      await daemon.kill()
      await Promise.all(asked)
    }
    expect(new Set(granted).size).to.equal(1)
  })
})

describe('two daemons on one embedded store', () => {
  it('grant one slot to one of 20 machines that ask both at once', async () => {
    const config = embeddedConfig({ path: folder.file('airlock.db') })
    const pair = [await run(config), await run(config)]
    const ids = Array.from({ length: 20 }, (_, index) => `node-${index}`)
    const answers = await Promise.all(
      ids.map((id, index) => preReboot(pair[index % 2]?.serviceUrl ?? '', { id, group })),
    )
    const wanted = [200, ...Array<number>(19).fill(423)]
    expect(statuses(answers).toSorted((a, b) => a - b)).to.deep.equal(wanted)

    const holder = ids[answers.findIndex(({ status }) => status === 200)] ?? ''
    for (const { serviceUrl } of pair) {
      const again = [
        await preReboot(serviceUrl, { id: holder, group }),
        await preReboot(serviceUrl, { id: 'other', group }),
      ]
      expect(statuses(again)).to.deep.equal([200, 423])
    }
  })

  it('grant at one what was released at the other', async () => {
    const config = embeddedConfig({ path: folder.file('airlock.db') })
    const [one, other] = [await run(config), await run(config)]
    const answers: FleetlockResponse[] = []
    for (const id of ['a', 'b', 'c']) {
      answers.push(
        await preReboot(one.serviceUrl, { id, group }),
        await preReboot(other.serviceUrl, { id: `not-${id}`, group }),
        await steadyState(other.serviceUrl, { id, group }),
      )
    }
    expect(statuses(answers)).to.deep.equal([1, 2, 3].flatMap(() => [200, 423, 200]))
  })
})

describe('the log', () => {
  /** What both formats are tried with: a grant, a refusal, a release, and a request that is none. */
  async function askForEverything(daemon: Daemon): Promise<readonly string[]> {
    const answers = [
      await preReboot(daemon.serviceUrl, { id: 'a "quoted" id', group }),
      await preReboot(daemon.serviceUrl, { id: 'b', group }),
      await steadyState(daemon.serviceUrl, { id: 'a "quoted" id', group }),
      await steadyState(daemon.serviceUrl, { id: 'b', group }),
      await preReboot(daemon.serviceUrl, { id: '', group }),
    ]
    expect(statuses(answers)).to.deep.equal([200, 423, 200, 200, 400])
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null })
    return answers.map(({ headers }) => String(headers['x-request-id']))
  }

  it('has one line an event, in the form that coreos/airlock had', async () => {
    const daemon = await run()
    const requestIds = await askForEverything(daemon)
    expect(daemon.stderr).to.deep.equal([])
    expect(daemon.stdout.filter((line) => !LOGFMT_LINE.test(line))).to.deep.equal([])
    const lines = daemon.stdout
      .filter((line) => line.includes('request_id='))
      .map((line) => line.replace(/^time="[^"]*" /, '').replace(/ duration_ms=\d+ /, ' '))
    const [first = '', second = '', third = '', fourth = '', fifth = ''] = requestIds
    const full = '"all 1 semaphore slots currently locked"'
    const a = String.raw`group=default id="a \"quoted\" id"`
    const b = 'group=default id=b'
    expect(lines).to.deep.equal([
      `level=debug msg="processing client pre-reboot request" ${a} client=127.0.0.1 request_id=${first}`,
      `level=info msg="giving green flag to pre-reboot request" ${a} outcome=acquired status=200 client=127.0.0.1 request_id=${first}`,
      `level=debug msg="processing client pre-reboot request" ${b} client=127.0.0.1 request_id=${second}`,
      `level=info msg="giving red flag to pre-reboot request" ${b} outcome=failed_lock_semaphore_full reason=${full} status=423 client=127.0.0.1 request_id=${second}`,
      `level=debug msg="processing client steady-state report" ${a} client=127.0.0.1 request_id=${third}`,
      `level=info msg="giving green flag to steady-state report" ${a} outcome=released status=200 client=127.0.0.1 request_id=${third}`,
      `level=debug msg="processing client steady-state report" ${b} client=127.0.0.1 request_id=${fourth}`,
      `level=info msg="giving green flag to steady-state report" ${b} outcome=not_held status=200 client=127.0.0.1 request_id=${fourth}`,
      `level=info msg="giving red flag to pre-reboot request" outcome=invalid_client_identity reason="failed to validate client identity: client_params.id must not be empty" status=400 client=127.0.0.1 request_id=${fifth}`,
    ])
  })

  it('has the same as JSON, one object a line', async () => {
    const daemon = await run(embeddedConfig({ more: '[log]\nformat = "json"' }))
    const requestIds = await askForEverything(daemon)
    expect(daemon.stderr).to.deep.equal([])
    const events = daemon.stdout.map((line) => JSON.parse(line) as Record<string, unknown>)
    for (const { time, level, msg } of events) {
      expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      expect(level).to.match(/^(notice|info|debug)$/)
      expect(msg).to.be.a('string')
    }
    const ofRequests = events
      .filter((event) => 'outcome' in event)
      .map((event) => {
        const stable = Object.entries(event).filter(([name]) => !VARIABLE_FIELDS.includes(name))
        return Object.fromEntries(stable)
      })
    const [first, second, third, fourth, fifth] = requestIds
    const a = { group, id: 'a "quoted" id' }
    const b = { group, id: 'b' }
    const level = 'info'
    const client = '127.0.0.1'
    expect(ofRequests).to.deep.equal([
      {
        level,
        msg: 'giving green flag to pre-reboot request',
        ...a,
        outcome: 'acquired',
        status: 200,
        client,
        request_id: first,
      },
      {
        level,
        msg: 'giving red flag to pre-reboot request',
        ...b,
        outcome: 'failed_lock_semaphore_full',
        reason: 'all 1 semaphore slots currently locked',
        status: 423,
        client,
        request_id: second,
      },
      {
        level,
        msg: 'giving green flag to steady-state report',
        ...a,
        outcome: 'released',
        status: 200,
        client,
        request_id: third,
      },
      {
        level,
        msg: 'giving green flag to steady-state report',
        ...b,
        outcome: 'not_held',
        status: 200,
        client,
        request_id: fourth,
      },
      {
        level,
        msg: 'giving red flag to pre-reboot request',
        outcome: 'invalid_client_identity',
        reason: 'failed to validate client identity: client_params.id must not be empty',
        status: 400,
        client,
        request_id: fifth,
      },
    ])
    const durations = events
      .filter((event) => 'outcome' in event)
      .map((event) => event['duration_ms'])
    expect(durations.filter((duration) => !Number.isInteger(duration))).to.deep.equal([])
  })

  it('says at the start what is served, and where to send the first request', async () => {
    const daemon = await run(embeddedConfig({ path: folder.file('airlock.db') }))
    const { serviceUrl, statusUrl } = daemon
    const address = (url: string): string => new URL(url).host
    const ready = await daemon.logged(/airlock is ready/)
    const hint = await daemon.logged(/a first request/)
    expect(ready).to.contain(
      ` service="${address(serviceUrl)}" status="${address(statusUrl)}" store="embedded ${folder.file('airlock.db')}" `,
    )
    expect(hint).to.contain(
      `msg="a first request: curl -H 'fleet-lock-protocol: true' -d @config/body.json ${serviceUrl}/v1/pre-reboot"`,
    )
  })

  it('has nothing at warn or above for ordinary requests, refusals included', async () => {
    const daemon = await run(embeddedConfig(), { args: ['-vvv'] })
    await askForEverything(daemon)
    expect(daemon.logs.filter((line) => /level=(warn|error)/.test(line))).to.deep.equal([])
  })

  it('keeps to one line whatever a client sends', async () => {
    const daemon = await run()
    const id = 'x" level=error msg="forged'
    await preReboot(daemon.serviceUrl, { id, group })
    await preReboot(daemon.serviceUrl, { id: 'a\nlevel=error msg=forged', group })
    await sendRequest(`${daemon.serviceUrl}/level=error`, { method: 'POST' })
    await daemon.stop()
    expect(daemon.logs.filter((line) => !LOGFMT_LINE.test(line))).to.deep.equal([])
    expect(daemon.logs.filter((line) => /^time="[^"]*" level=error/.test(line))).to.deep.equal([])
  })
})
