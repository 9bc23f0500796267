import type { Settings } from '../config/settings.js'

/**
 * The settings that differ and cannot change while the daemon runs, by their TOML section or key: where
 * it listens, the store it is connected to, the form of its log.
 */
export function settingsThatStay(now: Settings, next: Settings): readonly string[] {
  const pairs: readonly (readonly [name: string, now: unknown, next: unknown])[] = [
    ['service', now.service, next.service],
    ['status', now.status, next.status],
    ['store', now.store, next.store],
    ['log.format', now.log.format, next.log.format],
  ]
  return pairs
    .filter(([, before, after]) => JSON.stringify(before) !== JSON.stringify(after))
    .map(([name]) => name)
}
