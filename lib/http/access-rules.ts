import type { NodeIdentity } from '../semaphore/node-identity.js'

/** Who may use a group. A name that ends in `*` stands for all that begin so; left out: everybody. */
export interface GroupAccess {
  readonly name: string
  readonly allowedUsers?: readonly string[]
  readonly allowedIds?: readonly string[]
}

/** What a request lacks to use its group. */
export type Forbidden = 'user' | 'id'

interface Rule {
  readonly users: NamePatterns | undefined
  readonly ids: NamePatterns | undefined
}

/**
 * Which users and ids may use which group, for locking and releasing alike. A group that is not
 * configured has no rules: nobody is granted anything there, and what is held must come back.
 */
export class AccessRules {
  readonly #rules = new Map<string, Rule>()

  constructor(groups: readonly GroupAccess[]) {
    for (const { name, allowedUsers, allowedIds } of groups) {
      this.#rules.set(name, {
        users: allowedUsers && new NamePatterns(allowedUsers),
        ids: allowedIds && new NamePatterns(allowedIds),
      })
    }
  }

  /** What stands in the way of this node, asked for by this user; undefined if nothing does. */
  check({ group, id }: NodeIdentity, user: string | undefined): Forbidden | undefined {
    const rule = this.#rules.get(group)
    if (rule?.users !== undefined && (user === undefined || !rule.users.has(user))) return 'user'
    if (rule?.ids !== undefined && !rule.ids.has(id)) return 'id'
    return undefined
  }
}

/** A list of names and beginnings of names. */
class NamePatterns {
  readonly #names: ReadonlySet<string>
  readonly #beginnings: readonly string[]

  constructor(patterns: readonly string[]) {
    this.#names = new Set(patterns.filter((pattern) => !pattern.endsWith('*')))
    this.#beginnings = patterns
      .filter((pattern) => pattern.endsWith('*'))
      .map((pattern) => pattern.slice(0, -1))
  }

  has(name: string): boolean {
    return this.#names.has(name) || this.#beginnings.some((beginning) => name.startsWith(beginning))
  }
}
