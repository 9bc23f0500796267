/** The FleetLock protocol's requests; every one is a POST. */
export const PRE_REBOOT_PATH = '/v1/pre-reboot'

/** Reports that a machine is up again after its reboot. */
export const STEADY_STATE_PATH = '/v1/steady-state'

/** The header that every request carries, so that no browser can be tricked into sending one. */
export const PROTOCOL_HEADER = 'fleet-lock-protocol'

/** The header's only value. */
export const PROTOCOL_HEADER_VALUE = 'true'

/** Largest body in bytes: 253 + 256 characters, escaped, with room for fields that may come. */
export const MAX_BODY_BYTES = 16 * 1024
