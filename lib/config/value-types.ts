import { isIP, isIPv6 } from 'node:net'
import * as v from 'valibot'
import { groupProblem } from '../semaphore/node-identity.js'
import {
  MAX_NAME_PATTERN_LENGTH,
  MAX_NODE_NAME_LENGTH,
  MAX_PATH_LENGTH,
  MAX_URL_LENGTH,
  MAX_USERNAME_LENGTH,
  type Bound,
} from './bounds.js'
import { describeValue, quoteText } from './describe-value.js'
import { isHost, isHostName } from './host-name.js'
import { normaliseEndpoint } from './normalise-endpoint.js'

/**
 * What a key's value may be. The schema sees what the TOML parser gives (integers as bigint, so that
 * `1.0` is no integer) and its messages are whole sentences' ends.
 */
export interface ValueType<T> {
  readonly schema: v.GenericSchema<unknown, T>
  /** An environment variable's text as TOML's value; what cannot be one stays text, and is refused. */
  readonly fromText: (text: string) => unknown
}

/** A whole number; messages name both ends of its range. */
export function integer(bound: Bound): ValueType<number> {
  return boundedInteger(bound, `an integer from ${bound.min} to ${bound.max}`)
}

/** A whole number whose upper bound only catches typing errors, and is named only when it is passed. */
export function count(bound: Bound): ValueType<number> {
  return boundedInteger(bound, `an integer of at least ${bound.min}`)
}

function boundedInteger({ min, max }: Bound, expectation: string): ValueType<number> {
  return {
    schema: v.pipe(
      v.bigint(expected(expectation)),
      v.minValue(BigInt(min), expected(expectation)),
      v.maxValue(BigInt(max), expected(`an integer from ${min} to ${max}`)),
      v.transform(Number),
    ),
    // Twenty digits are beyond every bound; decimal as in TOML, without its signs and underscores.
    fromText: (text) => (/^-?(?:0|[1-9]\d{0,19})$/.test(text) ? BigInt(text) : text),
  }
}

/** `true` or `false`. */
export function boolean(): ValueType<boolean> {
  return {
    schema: v.boolean(expected('true or false')),
    fromText: (text) => (text === 'true' || text === 'false' ? text === 'true' : text),
  }
}

/** One of a closed set of words. */
export function choice<const T extends readonly [string, ...string[]]>(
  words: T,
): ValueType<T[number]> {
  const expectation = words.map((word) => `"${word}"`).join(' or ')
  return { schema: v.picklist(words, expected(expectation)), fromText: asIs }
}

/** Some of a closed set of words, each once at most. */
export function choices<const T extends readonly [string, ...string[]]>(
  words: T,
): ValueType<readonly T[number][]> {
  const { schema, fromText } = list(choice(words), words.length)
  return {
    schema: v.pipe(
      schema,
      v.check((items) => items.length > 0, 'expected at least one item'),
      v.check((items) => new Set(items).size === items.length, 'expected no item twice'),
    ),
    fromText,
  }
}

/** Where a webhook is posted to. Messages do not repeat it: it may well be a secret. */
export function webhookUrl(): ValueType<string> {
  const message = 'expected an http or https URL without a user, a password or a fragment'
  return { schema: v.pipe(v.string(message), v.check(isWebhookUrl, message)), fromText: asIs }
}

function isWebhookUrl(text: string): boolean {
  if (text.length > MAX_URL_LENGTH || !URL.canParse(text) || /\s/.test(text)) return false
  const { protocol, username: user, password, hash } = new URL(text)
  return /^https?:$/.test(protocol) && user === '' && password === '' && hash === ''
}

/** An address to listen on: `localhost`, another host name, or an IP; brackets around IPv6 are dropped. */
export function address(): ValueType<string> {
  const expectation = 'an IP address, "localhost" or a host name'
  return {
    schema: v.pipe(
      v.string(expected(expectation)),
      v.check((text) => isHost(withoutBrackets(text)), expected(expectation)),
      v.transform(withoutBrackets),
    ),
    fromText: asIs,
  }
}

/** A name that TLS can verify: no IP address, which RFC 6066 does not allow as a server name. */
export function serverName(): ValueType<string> {
  return textThat(isHostName, 'a host name')
}

/** A file's path, absolute or relative to the working directory; whether it exists is not asked. */
export function path(): ValueType<string> {
  return textThat(
    (text) => text !== '' && text.length <= MAX_PATH_LENGTH && !text.includes('\0'),
    `a path of 1 to ${MAX_PATH_LENGTH} characters`,
  )
}

/** A user of etcd's own authentication. */
export function username(): ValueType<string> {
  return textThat(
    (text) => text !== '' && text.length <= MAX_USERNAME_LENGTH,
    `a user name of 1 to ${MAX_USERNAME_LENGTH} characters`,
  )
}

/** What people call a node: one line, with nothing in it that a terminal or a page acts on. */
export function nodeName(): ValueType<string> {
  return textThat(
    (text) =>
      text.trim() !== '' &&
      text.length <= MAX_NODE_NAME_LENGTH &&
      !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text),
    `a name of 1 to ${MAX_NODE_NAME_LENGTH} printable characters`,
  )
}

/** A group's name, by the FleetLock protocol's pattern. */
export function groupName(): ValueType<string> {
  return textWithout(groupProblem, 'a group name')
}

/** A user or an id, or with `*` at the end all that begin so; `*` alone is everybody. */
export function namePattern(what: 'a user' | 'an id'): ValueType<string> {
  return textThat((text) => {
    const beginning = text.replace(/\*$/, '')
    const isLongerThanAllowed = text.length > MAX_NAME_PATTERN_LENGTH
    return text !== '' && !isLongerThanAllowed && !/[*\p{C}\p{Zl}\p{Zp}]/u.test(beginning)
  }, `${what}, or the beginning of one and "*"`)
}

/** An IP address, or a network of them. */
export function network(): ValueType<string> {
  return textThat((text) => {
    const [address = '', prefix, ...rest] = text.split('/')
    const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
    const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits)
    return bits > 0 && isPrefix && rest.length === 0 && !address.includes('%')
  }, 'an IP address or a network like 10.0.0.0/8')
}

/** One etcd endpoint, kept as it is written; see {@link normaliseEndpoint}. */
export function endpoint(): ValueType<string> {
  const problemOf = (text: string): string | undefined => {
    const normalised = normaliseEndpoint(text)
    return 'problem' in normalised ? normalised.problem : undefined
  }
  return {
    schema: v.pipe(
      v.string(expected('a URL')),
      v.check(
        (text) => problemOf(text) === undefined,
        (issue) => problemOf(issue.input) ?? '',
      ),
    ),
    fromText: asIs,
  }
}

/** A list; from the environment, its items are separated by commas and trimmed, and '' is empty. */
export function list<T>(item: ValueType<T>, maxItems: number): ValueType<readonly T[]> {
  return {
    schema: v.pipe(
      v.array(item.schema, expected('a list')),
      v.maxLength(
        maxItems,
        (issue) => `expected at most ${maxItems} items, got ${issue.input.length}`,
      ),
    ),
    fromText: (text) =>
      text.trim() === '' ? [] : text.split(',').map((part) => item.fromText(part.trim())),
  }
}

/** A list that says who is allowed: an empty one would be taken for "all" by some, for "none" by others. */
export function allowedList<T>(item: ValueType<T>, maxItems: number): ValueType<readonly T[]> {
  const { schema, fromText } = list(item, maxItems)
  const message = 'expected at least one item; leave the key out to allow all'
  return {
    schema: v.pipe(
      schema,
      v.check((items) => items.length > 0, message),
    ),
    fromText,
  }
}

/** Text that passes a test; `expectation` says which, after "expected". */
export function textThat(
  isAllowed: (text: string) => boolean,
  expectation: string,
): ValueType<string> {
  return {
    schema: v.pipe(v.string(expected(expectation)), v.check(isAllowed, expected(expectation))),
    fromText: asIs,
  }
}

/** Text that another room judges; its words are kept, and what was given is added. */
function textWithout(
  problemOf: (text: string) => string | undefined,
  expectation: string,
): ValueType<string> {
  return {
    schema: v.pipe(
      v.string(expected(expectation)),
      v.check(
        (text) => problemOf(text) === undefined,
        (issue) => `${problemOf(issue.input) ?? ''}: ${quoteText(issue.input)}`,
      ),
    ),
    fromText: asIs,
  }
}

function expected(what: string): (issue: v.BaseIssue<unknown>) => string {
  return (issue) => `expected ${what}, got ${describeValue(issue.input)}`
}

function asIs(text: string): string {
  return text
}

function withoutBrackets(text: string): string {
  const inner = /^\[(.*)\]$/.exec(text)?.[1]
  return inner !== undefined && isIPv6(inner) ? inner : text
}
