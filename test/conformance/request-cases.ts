import {
  deviates,
  fails,
  mustBeDone,
  mustBeRefused,
  refusedOnBothPaths,
  withoutTakingSlot,
  type Case,
  type Finding,
} from './case.js'
import { isDone, MARK, PATHS, type Difference } from './session.js'

/** A case in which one thing of a request is wrong; on both paths, and nothing may be locked by it. */
function refusedCase(
  name: string,
  rule: string,
  difference: Difference,
  level: Finding['level'] = 'fails',
): Case {
  return {
    name,
    rule,
    async run(session) {
      const body = session.bodyOf(session.newId())
      return refusedOnBothPaths(
        session,
        (path) => session.ask(path, { body, ...difference }),
        level,
      )
    },
  }
}

/** A case in which a request differs from Zincati's, and is to succeed. */
function doneCase(
  name: string,
  rule: string,
  difference: Difference,
  level: Finding['level'],
): Case {
  return {
    name,
    rule,
    async run(session) {
      const id = session.newId()
      const findings = [
        ...mustBeDone('the pre-reboot', await session.lock(id, difference), level),
        ...mustBeDone('the steady-state', await session.unlock(id, difference), level),
      ]
      await session.unlock(id)
      return findings
    },
  }
}

/** A case of one method; it must not lock whatever its body says. */
function methodCase(method: string): Case {
  return {
    name: `method.${method.toLowerCase()}`,
    rule: `${method} with a body takes no slot, and is no success`,
    run: (session) =>
      withoutTakingSlot(session, method, async () => {
        const findings: Finding[] = []
        for (const path of PATHS) {
          const body = session.bodyOf(session.newId())
          const answer = await session.ask(path, { method, body })
          const { status } = answer
          if (isDone(answer)) {
            const level = method === 'OPTIONS' ? 'deviates' : 'fails'
            findings.push({ level, reason: `${method} ${path} was answered ${status}` })
          } else if (status >= 300 && status < 400) {
            findings.push(deviates(`${method} ${path} was redirected (${status})`))
          } else if (method !== 'HEAD' && mustBeRefused(method, answer).length > 0) {
            findings.push(
              deviates(`the ${status} for ${method} is no JSON object of kind and value`),
            )
          }
        }
        return findings
      }),
  }
}

const [NAME] = MARK

/** The header, methods and paths. */
export const REQUEST_CASES: readonly Case[] = [
  refusedCase('header.missing', 'a request without the header fleet-lock-protocol is refused', {
    headers: [],
  }),
  refusedCase('header.false', 'a request with fleet-lock-protocol: false is refused', {
    headers: [NAME, 'false'],
  }),
  refusedCase('header.empty', 'a request with an empty fleet-lock-protocol is refused', {
    headers: [NAME, ''],
  }),
  refusedCase('header.other-value', 'a request with fleet-lock-protocol: 1 is refused', {
    headers: [NAME, '1'],
  }),
  refusedCase(
    'header.value-case',
    'the value is exactly "true", not "TRUE"',
    { headers: [NAME, 'TRUE'] },
    'deviates',
  ),
  refusedCase(
    'header.twice',
    'the header with two values that differ is refused',
    { headers: [NAME, 'true', NAME, 'false'] },
    'deviates',
  ),
  doneCase(
    'header.name-case',
    'the name of the header is valid in any case',
    { headers: ['Fleet-Lock-Protocol', 'true'] },
    'fails',
  ),
  doneCase(
    'header.others',
    'headers that the protocol does not know are passed over',
    { headers: [...MARK, 'X-Unknown', 'a', 'User-Agent', 'conformance', 'Accept', 'text/html'] },
    'fails',
  ),
  ...['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map(methodCase),
  {
    name: 'path.unknown',
    rule: 'a path that the protocol does not know is no success',
    async run(session) {
      const body = session.bodyOf(session.newId())
      const answer = await session.ask('v1/no-such-request', { body })
      if (isDone(answer)) return [fails(`it was answered ${answer.status}`)]
      if (mustBeRefused('it', answer).length === 0) return []
      return [deviates(`the ${answer.status} is no JSON object of kind and value`)]
    },
  },
  {
    name: 'path.trailing-slash',
    rule: 'a path with a slash at its end is not redirected',
    run: (session) =>
      pathFindings(
        (path) => session.ask(path, { body: session.bodyOf(session.newId()) }),
        'v1/pre-reboot/',
      ),
  },
  {
    name: 'path.double-slash',
    rule: 'a base URL that ends in a slash, joined without care (//v1/…), is not redirected',
    run: (session) => {
      const base = session.target.url.pathname.replace(/[^/]*$/, '')
      return pathFindings(
        (path) => session.ask(path, { body: session.bodyOf(session.newId()) }),
        `${base}/v1/steady-state`,
      )
    },
  },
  {
    name: 'redirect.none',
    rule: 'neither path is redirected: Zincati would send a GET instead',
    async run(session) {
      const findings: Finding[] = []
      for (const path of PATHS) {
        const { status } = await session.ask(path, { body: session.bodyOf(session.newId()) })
        if (status >= 300 && status < 400) findings.push(fails(`${path} was answered ${status}`))
      }
      return findings
    },
  },
  doneCase(
    'content-type.none',
    'a body without a content type is read, as Zincati sends it',
    {},
    'fails',
  ),
  ...['application/json', 'application/x-www-form-urlencoded', 'text/plain', 'nonsense'].map(
    (type) =>
      doneCase(
        `content-type.${type.replace(/^.*\//, '')}`,
        `a body is JSON although its content type is ${type}`,
        { headers: [...MARK, 'Content-Type', type] },
        'deviates',
      ),
  ),
]

async function pathFindings(
  ask: (path: string) => Promise<{ readonly status: number }>,
  path: string,
): Promise<readonly Finding[]> {
  const { status } = await ask(path)
  if (status < 300 || status >= 400) return []
  return [deviates(`it was answered ${status}, with which a client's POST becomes a GET`)]
}

/** Only where credentials are given. */
export const CREDENTIAL_CASES: readonly Case[] = [
  ['credentials.missing', 'a request without credentials is refused', ''],
  ['credentials.wrong', 'a request with wrong credentials is refused', 'Basic d3Jvbmc6d3Jvbmc='],
  ['credentials.malformed', 'a request with malformed credentials is refused', 'Basic %'],
].map(([name = '', rule = '', authorization = '']) => refusedCase(name, rule, { authorization }))
