import { randomBytes } from 'node:crypto'
import {
  deviates,
  fails,
  mustBeDone,
  mustBeRefused,
  refusedOnBothPaths,
  type Case,
  type Finding,
} from './case.js'
import { isDone, type Session } from './session.js'

/** How a body is made from an id and the group. */
type BodyOf = (id: string, group: string) => string | Uint8Array

/** A body that is to be refused on both paths, and takes no slot. */
function wrongBody(
  name: string,
  rule: string,
  bodyOf: BodyOf,
  level: Finding['level'] = 'fails',
): Case {
  return {
    name: `body.${name}`,
    rule: `a body ${rule} is refused`,
    async run(session) {
      const id = session.newId()
      // How a server may read the id of a body that it should refuse.
      for (const other of [`${id}\ufffd`, `${id}\u00ff`, '1']) session.remember(other)
      const body = bodyOf(id, session.target.group)
      return refusedOnBothPaths(session, (path) => session.ask(path, { body }), level)
    },
  }
}

/** A body that is to be read like any other. */
function rightBody(name: string, rule: string, bodyOf: BodyOf, level: Finding['level']): Case {
  return {
    name: `body.${name}`,
    rule,
    async run(session) {
      const id = session.newId()
      const body = bodyOf(id, session.target.group)
      const answers = [await session.lock(id, { body }), await session.unlock(id, { body })]
      await session.unlock(id)
      return answers.flatMap((answer) => mustBeDone('it', answer, level))
    },
  }
}

const text = JSON.stringify
const whole: (id: string, group: string) => string = (id, group) =>
  text({ client_params: { id, group } })

/** Client parameters that are wrong in one member. */
function wrongParameters(
  name: string,
  rule: string,
  parametersOf: (id: string, group: string) => unknown,
  level: Finding['level'] = 'fails',
): Case {
  return wrongBody(
    name,
    rule,
    (id, group) => text({ client_params: parametersOf(id, group) }),
    level,
  )
}

/** The body. */
export const BODY_CASES: readonly Case[] = [
  rightBody('compact', 'a body without white space is read', whole, 'fails'),
  rightBody(
    'pretty',
    'a body with white space and line breaks is read, as Zincati prints it',
    (id, group) => `\n${text({ client_params: { id, group } }, undefined, 4)}\n`,
    'fails',
  ),
  rightBody(
    'escaped',
    'escapes in JSON strings are read',
    (id, group) => whole(id, group).replaceAll('e', '\\u0065').replace('cli\\u0065nt', 'client'),
    'deviates',
  ),
  rightBody(
    'unknown-members',
    'members that the protocol does not know are passed over: it may grow',
    (id, group) => text({ version: 2, client_params: { id, group, since: null }, more: [] }),
    'deviates',
  ),
  wrongBody('empty', 'that is empty', () => ''),
  wrongBody('no-json', 'that is no JSON', (id, group) => `id=${id}&group=${group}`),
  wrongBody('truncated', 'that ends too soon', (id, group) => whole(id, group).slice(0, -1)),
  wrongBody('trailing', 'with more behind it', (id, group) => `${whole(id, group)}}`, 'deviates'),
  wrongBody('two', 'of two JSON objects', (id, group) => whole(id, group).repeat(2), 'deviates'),
  wrongBody('null', 'that is null', () => 'null'),
  wrongBody('list', 'that is a list', (id, group) => `[${whole(id, group)}]`),
  wrongBody('string', 'that is a JSON string', (id, group) => text(whole(id, group))),
  wrongBody('no-params', 'without client_params', () => '{}'),
  wrongBody('flat', 'with id and group, but no client_params', (id, group) => text({ id, group })),
  wrongBody('utf-16', 'in UTF-16', (id, group) => Buffer.from(whole(id, group), 'utf16le')),
  wrongBody(
    'not-utf-8',
    'that is not UTF-8',
    (id, group) => Buffer.from(whole(`${id}\u00ff`, group), 'latin1'),
    'deviates',
  ),
  wrongParameters('params-null', 'whose client_params is null', () => null),
  wrongParameters('params-list', 'whose client_params is a list', (id, group) => [id, group]),
  wrongParameters('params-string', 'whose client_params is a string', (id) => id),
  wrongParameters('id-missing', 'without an id', (_id, group) => ({ group })),
  wrongParameters('id-empty', 'with an empty id', (_id, group) => ({ id: '', group })),
  wrongParameters('id-null', 'with the id null', (_id, group) => ({ id: null, group })),
  wrongParameters('id-number', 'whose id is a number', (_id, group) => ({ id: 1, group })),
  wrongParameters('id-object', 'whose id is an object', (id, group) => ({ id: { id }, group })),
  wrongParameters(
    'id-control',
    'whose id has a line break and a NUL',
    (id, group) => ({ id: `${id}\n\0`, group }),
    'deviates',
  ),
  wrongParameters('group-omitted', 'without a group', (id) => ({ id }), 'deviates'),
  wrongParameters('group-empty', 'with an empty group', (id) => ({ id, group: '' }), 'deviates'),
  wrongParameters('group-null', 'with the group null', (id) => ({ id, group: null }), 'deviates'),
  wrongParameters('group-number', 'whose group is a number', (id) => ({ id, group: 1 })),
  wrongParameters('group-list', 'whose group is a list', (id, group) => ({ id, group: [group] })),
  wrongParameters(
    'group-pattern',
    'whose group does not match [a-zA-Z0-9.-]+',
    (id, group) => ({ id, group: `${group}/../${group} \u00fc` }),
    'deviates',
  ),
  wrongParameters(
    'group-line-break',
    'whose group ends in a line break',
    (id, group) => ({ id, group: `${group}\n` }),
    'deviates',
  ),
  wrongParameters(
    'group-unknown',
    'of a group that nobody has configured',
    (id) => ({ id, group: `unknown-${randomBytes(8).toString('hex')}` }),
    'deviates',
  ),
]

/** An unusual id: locked twice and unlocked like any other, or refused. */
function idCase(name: string, what: string, idOf: (random: string) => string): Case {
  return {
    name: `id.${name}`,
    rule: `${what} is a machine like any other`,
    async run(session) {
      const id = session.remember(idOf(session.newId()))
      const first = await session.lock(id)
      if (!isDone(first)) {
        const findings = mustBeRefused('it', first)
        return [
          ...findings,
          deviates(`it is refused (${first.status}); Zincati sends 32 hex digits`),
        ]
      }
      const second = mustBeDone('its second pre-reboot', await session.lock(id))
      const released = mustBeDone('its steady-state', await session.unlock(id))
      return [...second, ...released, ...(await slotsAreFree(session))]
    },
  }
}

async function slotsAreFree(session: Session): Promise<readonly Finding[]> {
  if (session.slots === undefined) return []
  const taken = await session.take(session.slots)
  await session.release(taken)
  return taken.length === session.slots ? [] : [fails('a slot is still held after its release')]
}

/** Ids: opaque strings to the protocol. */
export const ID_CASES: readonly Case[] = [
  idCase('uuid', 'a UUID in upper case', (random) =>
    random.toUpperCase().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  ),
  idCase('host-name', 'a host name', (random) => `node-${random.slice(0, 8)}.example.com`),
  idCase(
    'punctuation',
    'an id of spaces, slashes, quotes and percent signs',
    (random) => `${random.slice(0, 8)} /../ "a" 'b' %00%2F + & ? # \\ : ;`,
  ),
  idCase(
    'unicode',
    'an id beyond ASCII',
    (random) => `${random.slice(0, 8)}-m\u00e4\u65e5\u{1f916}`,
  ),
  idCase('prototype', 'an id named __proto__', () => '__proto__'),
  idCase('property', 'an id named constructor', () => 'constructor'),
  idCase('long', 'an id of 200 characters', (random) => random.repeat(7).slice(0, 200)),
  {
    name: 'id.exact',
    rule: 'ids that differ in case or at their end are different machines',
    async run(session) {
      if (session.slots === undefined) return []
      const id = session.newId()
      const others = await session.take(session.slots - 1)
      await session.lock(id)
      await session.unlock(session.remember(id.toUpperCase()))
      await session.unlock(session.remember(`${id} `))
      await session.unlock(session.remember(id.slice(0, -1)))
      const isFree = await session.hasFreeSlot()
      await session.release([id, ...others])
      return isFree ? [fails("another machine's steady-state has freed the slot")] : []
    },
  },
]
