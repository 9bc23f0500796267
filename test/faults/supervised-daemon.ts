import { expect } from 'chai'
import { findFreePort } from '../support/free-port.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'

/** What each start of a supervised daemon uses. */
export interface SupervisedDaemonOptions {
  /** With `port = 0` for the main service first; it gets a port that stays. */
  readonly config: string
  readonly nodeArgs?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** Longer than elsewhere: it may start under the load of all that is tested here, many times. */
const READY_WITHIN_MS = 30_000

/** A rejection that nobody handles ends the process, and what ends it is printed. */
const STRICT = ['--unhandled-rejections=strict', '--trace-uncaught']

/** A daemon at a port of its own, which is started again after each kill, as systemd would. */
export class SupervisedDaemon {
  readonly url: string
  readonly #options: SupervisedDaemonOptions
  readonly #generations: Daemon[] = []

  private constructor(port: number, options: SupervisedDaemonOptions) {
    this.url = `http://127.0.0.1:${port}`
    this.#options = { ...options, config: options.config.replace('port = 0', `port = ${port}`) }
  }

  static async start(options: SupervisedDaemonOptions): Promise<SupervisedDaemon> {
    const supervised = new SupervisedDaemon(await findFreePort(), options)
    await supervised.#start()
    return supervised
  }

  /** The one that runs now. */
  get daemon(): Daemon {
    const daemon = this.#generations.at(-1)
    if (daemon === undefined) throw new Error('it was never started')
    return daemon
  }

  /** `kill -9`, and started again at once; resolves when it serves. */
  async killAndRestart(): Promise<void> {
    await this.daemon.kill()
    await this.#start()
  }

  /** Ends it, and checks that no generation ended by itself, or printed anything but its log. */
  async stop(): Promise<void> {
    const { code } = await this.daemon.stop()
    expect(code, 'exit code').to.equal(0)
    for (const daemon of this.#generations.slice(0, -1)) {
      expect(await daemon.ended).to.deep.equal({ code: null, signal: 'SIGKILL' })
    }
    const lines = this.#generations.flatMap(({ logs }) => logs)
    expect(lines.filter((line) => !/^time=/.test(line) || /level=error/.test(line))).to.deep.equal(
      [],
    )
  }

  /** Ends it whatever it has done; for a test that has failed already. */
  async destroy(): Promise<void> {
    await this.daemon.kill()
  }

  async #start(): Promise<void> {
    const { config, nodeArgs = [], environment } = this.#options
    const daemon = await runDaemon({
      config,
      args: [],
      nodeArgs: [...STRICT, ...nodeArgs],
      ...(environment === undefined ? {} : { environment }),
    })
    this.#generations.push(daemon)
    try {
      await daemon.logged(/msg="airlock is ready"/, READY_WITHIN_MS)
    } catch (error) {
      await daemon.kill()
      throw error
    }
  }
}
