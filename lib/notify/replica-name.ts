/** Whether it was a replica, at a machine's request or its own; operators sign with their own name. */
export function isReplica(by: string): boolean {
  return by.startsWith('airlock@')
}
