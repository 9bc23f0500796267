import type { Clock } from '../calendar/clock.js'
import type { Settings } from '../config/settings.js'
import { createGates } from '../gates/create-gates.js'
import type { GroupGates } from '../gates/gate.js'

/**
 * The gates of one group for a command that takes a slot as a daemon would. What is being asked ends
 * with `signal`.
 */
export function operatorGates(
  { lock, gates }: Settings,
  group: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): GroupGates | undefined {
  const groups = lock.groups.filter(({ name }) => name === group)
  const chains = createGates({ groups, ...gates }, { clock, signal, onVerdict: () => undefined })
  return chains.get(group)
}
