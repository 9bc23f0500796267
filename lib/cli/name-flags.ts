import type { Problem } from '../config/problem.js'

/** The keys that the flags stand for: a flag is checked as its key is. */
export const KEY_OF_FLAG = {
  endpoint: 'endpoints',
  cafile: 'ca_cert_path',
  certfile: 'client_cert_pub_path',
  keyfile: 'client_cert_key_path',
} as const

/** The variable that sets a key of `etcd3`. */
export function variableOfKey(key: string): string {
  return `AIRLOCK__ETCD3__${key.toUpperCase()}`
}

/**
 * A text about etcd in the words of a command line: keys by the names of their flags, those without
 * one by their variables, as there is no file in which they could be set.
 */
export function nameFlags(text: string): string {
  let named = text
  for (const [flag, key] of Object.entries(KEY_OF_FLAG)) {
    named = named
      .replaceAll(variableOfKey(key), `--${flag}`)
      .replaceAll(`etcd3.${key}`, `--${flag}`)
  }
  return named.replace(/\betcd3\.([a-z_]+)/g, (_, key: string) => variableOfKey(key))
}

/** A problem likewise. */
export function nameFlagsOf({ path, message }: Problem): Problem {
  return {
    path: nameFlags(path),
    message: nameFlags(message).replace('is set, and needs it', 'needs it'),
  }
}
