import { eventually } from '../support/eventually.js'
import { sendRequest } from '../support/fleetlock-request.js'

/** What a daemon uses, by its own metrics. */
export interface ProcessFigures {
  readonly residentMiB: number
  readonly openFiles: number
  readonly internalErrors: number
}

/** Reads a daemon's `/metrics`. */
export async function processFigures(statusUrl: string): Promise<ProcessFigures> {
  const { status, body } = await sendRequest(`${statusUrl}/metrics`)
  if (status !== 200) throw new Error(`/metrics answered ${status}`)
  const numberOf = (pattern: RegExp): number => Number(pattern.exec(body)?.[1] ?? 0)
  return {
    residentMiB: Math.round(numberOf(/^process_resident_memory_bytes (\S+)$/m) / 1024 / 1024),
    openFiles: numberOf(/^process_open_fds (\S+)$/m),
    internalErrors: numberOf(/^airlock_requests_total\{.*outcome="internal_error".*\} (\S+)$/m),
  }
}

/** What a collector takes to notice that much is garbage, in milliseconds. */
const COLLECTED_WITHIN_MS = 60_000

/**
 * Waits until a daemon's memory has come down to a bound, and few files are open; rejects if it does
 * not. What is garbage stays for a while: only what never goes is growth.
 */
export function figuresBelow(
  statusUrl: string,
  bounds: { readonly residentMiB: number; readonly openFiles: number },
): Promise<ProcessFigures> {
  return eventually(
    async () => {
      const figures = await processFigures(statusUrl)
      const { residentMiB, openFiles } = figures
      if (residentMiB > bounds.residentMiB || openFiles > bounds.openFiles) {
        const limits = `${bounds.residentMiB} MiB and ${bounds.openFiles} open files`
        throw new Error(
          `${residentMiB} MiB and ${openFiles} open files, where ${limits} are allowed`,
        )
      }
      return figures
    },
    { timeoutMs: COLLECTED_WITHIN_MS, intervalMs: 200 },
  )
}
