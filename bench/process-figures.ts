import { readFile } from 'node:fs/promises'

/** Linux counts a process' time in hundredths of a second, on every architecture (USER_HZ). */
const TICKS_PER_SECOND = 100

/** What a process has used of the machine's processors since its start, in seconds. */
export async function cpuSeconds(pid: number): Promise<number> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The program's name, in parentheses, may have spaces; proc(5) counts from 1, and it is the 2nd.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const [userTicks, systemTicks] = [fields[11], fields[12]]
  return (Number(userTicks) + Number(systemTicks)) / TICKS_PER_SECOND
}

/** A process' resident memory in megabytes (of 1,000,000 bytes). */
export async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  return (Number(kibibytes) * 1024) / 1e6
}
