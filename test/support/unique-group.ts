import { randomBytes } from 'node:crypto'

/** A group name that no other test uses: what keeps tests apart on a shared etcd. */
export function uniqueGroup(): string {
  return `group-${randomBytes(6).toString('hex')}`
}
