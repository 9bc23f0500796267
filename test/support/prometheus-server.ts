import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { get as getHttp } from 'node:http'
import { get as getHttps } from 'node:https'
import bcrypt from 'bcryptjs'
import { atExit } from './at-exit.js'
import type { CertificateFiles } from './certificates.js'
import { eventually } from './eventually.js'
import { findProgram } from './find-program.js'
import { findFreePort } from './free-port.js'
import { createTempFolder, type TempFolder } from './temp-folder.js'

/** An alerting rule: firing unless it has to be pending first. */
export interface AlertRule {
  readonly alert: string
  readonly expr?: string
  /** How long it is pending. */
  readonly pendingFor?: string
}

/** A sample of an instant query: its labels, and its value. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

/** How a Prometheus lets in, and what it scrapes. */
export interface PrometheusOptions {
  /** `host:port` each, scraped every second as the job airlock. */
  readonly targets?: readonly string[]
  readonly tls?: CertificateFiles
  readonly user?: { readonly name: string; readonly password: string }
}

// Server packages install to folders that an ordinary user's PATH may lack.
const READY_WITHIN_MS = 30_000
const MAX_OUTPUT_CHARACTERS = 4_000

/**
 * A real Prometheus on a free port of 127.0.0.1 that evaluates its rules every 200 ms.
 *
 * INVARIANTS: after {@link stop}, or at the end of this process, it does not run and its folder is gone.
 */
export class PrometheusServer {
  readonly url: string
  readonly #folder: TempFolder
  readonly #process: ChildProcess
  readonly #marker: string
  readonly #authorization: Readonly<Record<string, string>>
  readonly #ended: Promise<unknown>
  readonly #forget: () => void
  #output = ''

  private constructor(
    url: string,
    folder: TempFolder,
    child: ChildProcess,
    marker: string,
    { user }: PrometheusOptions,
  ) {
    this.url = url
    this.#folder = folder
    this.#process = child
    this.#marker = marker
    const pair = Buffer.from(`${user?.name ?? ''}:${user?.password ?? ''}`).toString('base64')
    this.#authorization = user === undefined ? {} : { authorization: `Basic ${pair}` }
    this.#ended = once(child, 'close')
    this.#forget = atExit(() => child.kill('SIGKILL'))
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-MAX_OUTPUT_CHARACTERS)
      })
    }
  }

  /** Resolves when it answers, and it is this one that does. */
  static async start(options: PrometheusOptions = {}): Promise<PrometheusServer> {
    const program = await findPrometheus()
    const folder = await createTempFolder()
    const port = await findFreePort()
    const marker = randomBytes(8).toString('hex')
    await folder.write('rules.json', '{"groups":[]}')
    await folder.write(
      'config.json',
      configuration(marker, folder.file('rules.json'), options.targets),
    )
    await folder.write('web.json', await webConfiguration(options))
    const args = [
      `--config.file=${folder.file('config.json')}`,
      `--web.config.file=${folder.file('web.json')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--storage.tsdb.path=${folder.file('data')}`,
      '--web.enable-lifecycle',
    ]
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: {} })
    const scheme = options.tls === undefined ? 'http' : 'https'
    const url = `${scheme}://127.0.0.1:${port}`
    const server = new PrometheusServer(url, folder, child, marker, options)
    try {
      await eventually(() => server.#checkReady(), { timeoutMs: READY_WITHIN_MS })
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  /** Puts these rules in force, in place of all others. */
  async setRules(rules: readonly AlertRule[]): Promise<void> {
    const all = rules.map(({ alert, expr = 'vector(1)', pendingFor }) => ({
      alert,
      expr,
      ...(pendingFor !== undefined && { for: pendingFor }),
    }))
    const groups = all.length === 0 ? [] : [{ name: 'test', rules: all }]
    await this.#folder.write('rules.json', JSON.stringify({ groups }))
    this.#process.kill('SIGHUP')
  }

  /** Evaluates an expression now; rejects with what is wrong with it. */
  async query(expression: string): Promise<readonly Sample[]> {
    const text = await this.#get(`/api/v1/query?query=${encodeURIComponent(expression)}`)
    const { error, data } = JSON.parse(text) as {
      error?: string
      data?: { result: { metric: Record<string, string>; value: [number, string] }[] }
    }
    if (data === undefined) throw new Error(`${error ?? text}: ${expression}`)
    return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
  }

  /** Freezes it: its port stays open and nothing answers. */
  pause(): void {
    this.#process.kill('SIGSTOP')
  }

  resume(): void {
    this.#process.kill('SIGCONT')
  }

  /** Ends it at once; calling it again does nothing. */
  async stop(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
    this.#forget()
    await this.#folder.remove()
  }

  async #checkReady(): Promise<void> {
    const ready = await this.#get('/-/ready')
    const config = await this.#get('/api/v1/status/config')
    if (!ready.includes('is Ready') || !config.includes(this.#marker)) {
      throw new Error(`Prometheus at ${this.url} is not ready: ${ready}\n${this.#output}`)
    }
  }

  #get(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const get = this.url.startsWith('https:') ? getHttps : getHttp
      const options = {
        headers: this.#authorization,
        agent: false as const,
        rejectUnauthorized: false,
      }
      const request = get(this.url + path, options, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => (text += part))
        response.on('end', () => resolve(text))
        response.on('error', reject)
      })
      request.on('error', () => reject(new Error(`no answer from Prometheus:\n${this.#output}`)))
    })
  }
}

/** Prometheus reads YAML, of which JSON is a part. */
function configuration(marker: string, rules: string, targets: readonly string[] = []): string {
  return JSON.stringify({
    global: { evaluation_interval: '200ms', external_labels: { marker } },
    rule_files: [rules],
    scrape_configs: [{ job_name: 'airlock', scrape_interval: '1s', static_configs: [{ targets }] }],
  })
}

async function webConfiguration({ tls, user }: PrometheusOptions): Promise<string> {
  return JSON.stringify({
    ...(tls !== undefined && {
      tls_server_config: { cert_file: tls.certPath, key_file: tls.keyPath },
    }),
    ...(user !== undefined && {
      basic_auth_users: { [user.name]: await bcrypt.hash(user.password, 4) },
    }),
  })
}

/** Where the program is; @throws Error that says how to install it */
export async function findPrometheus(): Promise<string> {
  const path = await findProgram('AIRLOCK_TEST_PROMETHEUS', ['prometheus'])
  if (path !== undefined) return path
  throw new Error(
    'these tests need a real Prometheus, and there is none here: `npm test` installs what is missing, ' +
      'or type: apt-get install -y --no-install-recommends prometheus',
  )
}
