import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { systemClock } from '../../lib/daemon/system-clock.js'
import { readAssets } from '../../lib/status/page/assets.js'
import { LivePage } from '../../lib/status/page/live-page.js'
import { addPageRoutes } from '../../lib/status/page/page-routes.js'
import type { StatusReport } from '../../lib/status/status-report.js'
import { SAMPLE_NOW } from './sample-reports.js'

/** It is always {@link SAMPLE_NOW}, but the beats come as they do. */
const SAMPLE_CLOCK = { ...systemClock, now: () => SAMPLE_NOW }

/** The status page over a report of a test's own, which it may change. */
export interface SamplePage {
  readonly url: string
  show(report: StatusReport): void
  stop(): Promise<void>
}

/** Serves the page on a free port of 127.0.0.1, at {@link SAMPLE_NOW}. */
export async function serveSamplePage(report: StatusReport): Promise<SamplePage> {
  let shown = report
  const watchers = new Set<() => void>()
  const source = {
    read: () => Promise.resolve(shown),
    watch: (onChange: () => void) => {
      watchers.add(onChange)
      return () => watchers.delete(onChange)
    },
  }
  const assets = readAssets()
  const page = new LivePage(source, SAMPLE_CLOCK, assets.build)
  const service = express()
  addPageRoutes(service, page, assets)
  const server = createServer(service)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    show: (next) => {
      shown = next
      for (const onChange of watchers) onChange()
    },
    stop: async () => {
      page.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
