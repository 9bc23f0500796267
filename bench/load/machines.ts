import type { LoadConnection, LoadRequest } from './load.js'

/** Ids as Zincati's are: 32 hexadecimal digits. */
export function machineId(index: number): string {
  return index.toString(16).padStart(32, '0')
}

/** Connections of machines that each send the same requests of their own; ports are taken in turn. */
export function machines(
  count: number,
  ports: readonly number[],
  group: string,
  operations: readonly LoadRequest['operation'][],
): readonly LoadConnection[] {
  return Array.from({ length: count }, (_, index) => ({
    port: ports[index % ports.length] ?? 0,
    requests: operations.map((operation) => ({ operation, group, id: machineId(index) })),
  }))
}

/** A machine that takes its slot and gives it back. */
export const LOCK_AND_UNLOCK = ['pre-reboot', 'steady-state'] as const
