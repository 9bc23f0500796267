import { Option, type Command } from 'commander'
import type { GlobalOptions } from './global-options.js'
import { KEY_OF_FLAG } from './name-flags.js'
import { wrongCall } from './wrong-call.js'

/** Options of every command that works on the store. */
export interface StoreOptions extends GlobalOptions {
  /** Undefined where the configuration says which store it is. */
  readonly endpoint?: readonly string[]
  readonly cafile?: string
  readonly certfile?: string
  readonly keyfile?: string
}

/** The flags that say how to reach the endpoints of `--endpoint`. */
const TLS_FLAGS = ['cafile', 'certfile', 'keyfile'] as const

/** Adds the flags by which a command reaches an etcd without a configuration file. */
export function addStoreOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--endpoint <url>',
        "one of etcd's endpoints (repeatable, or comma-separated), in place of a configuration; -c is stronger than the variable",
      )
        .env('AIRLOCK_ENDPOINT')
        .argParser(collectEndpoints),
    )
    .addOption(
      new Option('--cafile <file>', "authorities of etcd's certificate").env('AIRLOCK_CAFILE'),
    )
    .addOption(new Option('--certfile <file>', 'client certificate').env('AIRLOCK_CERTFILE'))
    .addOption(
      new Option('--keyfile <file>', 'key of the client certificate').env('AIRLOCK_KEYFILE'),
    )
    .hook('preAction', (_, self) => settleStore(self))
}

/** One at a time: a list would take the machine or the group that stands behind it for an endpoint. */
function collectEndpoints(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(',')]
}

/**
 * Decides between a configuration and endpoints: what is typed is stronger than what is in the
 * environment, and both typed, or certificates for endpoints that there are not, are a wrong call.
 */
function settleStore(command: Command): void {
  const isTyped = (name: string): boolean => command.getOptionValueSourceWithGlobals(name) === 'cli'
  if (isTyped('config')) {
    if (isTyped('endpoint')) {
      return wrongCall(command, '--endpoint stands in place of a configuration: leave out it or -c')
    }
    command.setOptionValue('endpoint', undefined)
  }
  if (command.getOptionValue('endpoint') !== undefined) return
  const flag = TLS_FLAGS.find(isTyped)
  if (flag === undefined) return
  const key = `etcd3.${KEY_OF_FLAG[flag]}`
  wrongCall(command, `--${flag} is for --endpoint; with a configuration, set ${key} in it`)
}
