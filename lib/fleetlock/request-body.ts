import { groupProblem, idProblem, type NodeIdentity } from '../semaphore/node-identity.js'

/** The node that asks, or why the body names none, as a whole sentence. */
export type ParsedBody = { readonly identity: NodeIdentity } | { readonly problem: string }

const EXPECTED_SHAPE = '{"client_params":{"id":"…","group":"…"}}'

/**
 * Reads the body of a request: UTF-8 JSON, whatever its content type. Fields that are not known are
 * passed over, as the protocol may grow.
 */
export function parseRequestBody(body: Uint8Array): ParsedBody {
  let document: unknown
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
    document = JSON.parse(text)
  } catch (error) {
    return {
      problem:
        body.byteLength === 0
          ? `the body is empty; expected ${EXPECTED_SHAPE}`
          : `the body is not UTF-8 JSON (${reason(error)}); expected ${EXPECTED_SHAPE}`,
    }
  }
  const parameters = field(document, 'client_params')
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) {
    return { problem: `the body has no "client_params" object; expected ${EXPECTED_SHAPE}` }
  }
  const id = field(parameters, 'id')
  const group = field(parameters, 'group')
  if (typeof id !== 'string') return { problem: missing('id', id) }
  if (typeof group !== 'string') return { problem: missing('group', group) }
  const wrongId = idProblem(id)
  if (wrongId !== undefined) return { problem: `client_params.id ${wrongId}` }
  const wrongGroup = groupProblem(group)
  if (wrongGroup !== undefined) return { problem: `client_params.group ${wrongGroup}` }
  return { identity: { group, id } }
}

/** Writes the body that a client sends. */
export function printRequestBody({ id, group }: NodeIdentity): string {
  return JSON.stringify({ client_params: { id, group } })
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}

function missing(name: string, value: unknown): string {
  return value === undefined
    ? `client_params.${name} is missing; expected ${EXPECTED_SHAPE}`
    : `client_params.${name} is not a string; expected ${EXPECTED_SHAPE}`
}

/** Only the kind of error: the text of the parser's own message repeats what was sent. */
function reason(error: unknown): string {
  return error instanceof SyntaxError ? 'a syntax error' : 'wrong encoding'
}
