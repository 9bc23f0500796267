import type { IncomingMessage } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import type { Client } from '../lock/pending-request.js'
import type { Standstill } from './standstill.js'

/**
 * Resolves to whoever asked; after a standstill of the daemon, once everything has been read that had
 * arrived with the request.
 *
 * A daemon that stood still finds a request and the end of its connection in the kernel at once, but
 * Node.js reads the end one turn of its loop later: the machine, which has long asked elsewhere, would
 * pass for one that waits. The check phase in which the first turn ends is part of the poll that brought
 * the request; the second comes after the next poll. At other times a client that ends its half of the
 * connection together with the request is served.
 */
export async function requestingClient(
  { socket }: IncomingMessage,
  standstill: Standstill,
): Promise<Client> {
  if (standstill.mayHaveOldRequests()) {
    await setImmediate()
    await setImmediate()
  }
  return {
    // A connection that is half closed is closed by Node.js soon, too.
    isGone: () => socket.destroyed,
    onGone: (callback) => {
      socket.once('close', callback)
      return () => socket.off('close', callback)
    },
  }
}
