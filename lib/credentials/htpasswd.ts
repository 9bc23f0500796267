import { FileReport, type NamedFile } from './file-report.js'
import type { Reading } from './watched-files.js'

/** Who may ask, as `htpasswd -B` writes it. */
export interface Htpasswd {
  /** User → bcrypt hash. */
  readonly hashes: ReadonlyMap<string, string>
  /** The highest cost of a hash; what a check of an unknown user is made to cost. */
  readonly highestCost: number
}

/** A machine of the largest fleet each; a file of them is near the bound of its size. */
const MAX_USERS = 10_000

/** Longest user name, in UTF-16 code units; Apache's htpasswd allows 255. */
const MAX_USER_LENGTH = 255

/** bcrypt's lower end; above 14 one check takes seconds, and all others wait for it. */
const COST = { min: 4, max: 14 }

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/

/** What other entries begin with. */
const OTHER_SCHEMES: readonly (readonly [beginning: RegExp, name: string])[] = [
  [/^\$apr1\$/, "Apache's MD5"],
  [/^\{SHA\}/, 'SHA-1'],
  [/^\$1\$/, 'MD5-crypt'],
  [/^\$5\$/, 'SHA-256-crypt'],
  [/^\$6\$/, 'SHA-512-crypt'],
  [/^\$y\$/, 'yescrypt'],
  [/^\$argon2/, 'Argon2'],
  [/^\$2/, 'a damaged bcrypt hash'],
]

const ADVICE = 'make it with: htpasswd -B FILE USER'

/** Reads and checks a password file; every entry that cannot be used is a problem. */
export async function readHtpasswd(named: NamedFile): Promise<Reading<Htpasswd>> {
  const report = new FileReport()
  const content = await report.read(named)
  const value = content === undefined ? undefined : parseHtpasswd(content, named, report)
  return { value, report }
}

/**
 * Reads lines of `user:hash`; empty lines and those that begin with `#` are passed over. Messages never
 * show what stands in place of a hash: it may be a password.
 */
function parseHtpasswd(
  content: Buffer,
  { path, file }: NamedFile,
  report: FileReport,
): Htpasswd | undefined {
  const text = decode(content)
  if (text === undefined) {
    report.problem(path, `${file} is not UTF-8 text`)
    return undefined
  }
  const hashes = new Map<string, string>()
  const costs = new Set<number>()
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const entry = parseEntry(line)
    const place = `${file}, line ${index + 1}:`
    if ('problem' in entry) {
      report.problem(path, `${place} ${entry.problem}`)
    } else if (hashes.has(entry.user)) {
      report.problem(path, `${place} the user ${JSON.stringify(entry.user)} is there already`)
    } else {
      hashes.set(entry.user, entry.hash)
      costs.add(entry.cost)
    }
  }
  if (hashes.size > MAX_USERS) {
    report.problem(path, `${file} has ${hashes.size} users; at most ${MAX_USERS} are allowed`)
  } else if (hashes.size === 0 && report.problems.length === 0) {
    report.problem(path, `${file} has no users; ${ADVICE}`)
  }
  if (report.problems.length > 0) return undefined
  if (costs.size > 1) {
    const shown = [...costs].sort((a, b) => a - b).join(', ')
    const message = `${file} has hashes of different costs (${shown}): how long a wrong password takes tells which users exist`
    report.warning(path, message)
  }
  return { hashes, highestCost: Math.max(...costs) }
}

function parseEntry(
  line: string,
): { readonly user: string; readonly hash: string; readonly cost: number } | { problem: string } {
  const end = line.indexOf(':')
  if (end < 0) return { problem: `there is no ":" after a user name; ${ADVICE}` }
  const user = line.slice(0, end)
  const hash = line.slice(end + 1).trim()
  if (user === '' || user.length > MAX_USER_LENGTH) {
    return { problem: `the user name must have 1 to ${MAX_USER_LENGTH} characters` }
  }
  const cost = Number(BCRYPT.exec(hash)?.[1])
  if (Number.isNaN(cost)) {
    const scheme = OTHER_SCHEMES.find(([beginning]) => beginning.test(hash))?.[1]
    const what = scheme === undefined ? '' : `, but ${scheme}`
    return { problem: `the entry of ${JSON.stringify(user)} is no bcrypt hash${what}; ${ADVICE}` }
  }
  if (cost < COST.min || cost > COST.max) {
    return {
      problem: `the entry of ${JSON.stringify(user)} has the cost ${cost}; ${COST.min} to ${COST.max} are allowed (htpasswd -C)`,
    }
  }
  return { user, hash, cost }
}

function decode(content: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch {
    return undefined
  }
}
