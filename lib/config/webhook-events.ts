/** What a webhook can be told; a closed set. */
export const WEBHOOK_EVENTS = [
  'granted',
  'released',
  'refused-for-longer-than',
  'stale',
  'paused',
  'resumed',
  'slots-changed',
  'gate-failing',
] as const
