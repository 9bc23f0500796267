import { spawn } from 'node:child_process'
import { atExit } from '../support/at-exit.js'
import { eventually } from '../support/eventually.js'
import { sendRequest } from '../support/fleetlock-request.js'
import { findFreePort } from '../support/free-port.js'
import { createTempFolder } from '../support/temp-folder.js'

/** A sample of an instant query: its labels, and its value. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

/** A real Prometheus that scrapes the given status services every second. */
export interface PrometheusServer {
  query(expression: string): Promise<readonly Sample[]>
  stop(): Promise<void>
}

/** Starts the program `prometheus` (Debian: apt-get install prometheus). */
export async function startPrometheus(targets: readonly string[]): Promise<PrometheusServer> {
  const folder = await createTempFolder()
  const config = await folder.write(
    'prometheus.yml',
    [
      'global: { scrape_interval: 1s }',
      'scrape_configs:',
      '  - job_name: airlock',
      `    static_configs: [{ targets: ${JSON.stringify(targets)} }]`,
    ].join('\n'),
  )
  const port = await findFreePort()
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${folder.file('data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  )
  const forget = atExit(() => child.kill('SIGKILL'))
  const ended = new Promise((resolve) => child.once('close', resolve))
  const missing = new Promise<never>((_, reject) => {
    child.once('error', (error) => {
      reject(
        new Error('prometheus cannot be started; apt-get install prometheus', { cause: error }),
      )
    })
  })
  const query = async (expression: string): Promise<readonly Sample[]> => {
    const { body } = await sendRequest(
      `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`,
    )
    const { data } = JSON.parse(body) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] }
    }
    return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
  }
  await Promise.race([
    missing,
    eventually(
      async () => {
        const up = await query('up')
        if (up.length < targets.length) throw new Error('not every target has been scraped')
      },
      { timeoutMs: 30_000 },
    ),
  ])
  return {
    query,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
      forget()
      await folder.remove()
    },
  }
}
