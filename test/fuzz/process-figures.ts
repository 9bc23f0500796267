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
