import type { Command } from 'commander'
import { EXIT } from './exit-codes.js'
import { fail, withStore } from './operator-store.js'
import { readConfigured } from './status.js'
import { addStoreOptions, type StoreOptions } from './store-options.js'

/** Adds `airlock ex get slots`: coreos/airlock's output, but it creates nothing. */
export function addEx(program: Command, setExitCode: (code: number) => void): void {
  const get = program
    .command('ex')
    .description("coreos/airlock's experimental commands")
    .command('get')
    .description('look at the store')
  const slots = get
    .command('slots')
    .description("print all groups in coreos/airlock's form; it only reads")
    .addHelpText('after', '\nExample:\n  airlock ex get slots')
    .action(async (_options, self: Command) => {
      const options: StoreOptions = self.optsWithGlobals()
      setExitCode(
        await withStore(options, async (context) => {
          const { printAsAirlock } = await import('./print-overview.js')
          const { groups } = await readConfigured(context)
          const names = new Set(context.settings?.lock.groups.map(({ name }) => name))
          const isShown = (name: string): boolean =>
            context.settings === undefined || names.has(name)
          const shown = groups.filter(({ group }) => isShown(group))
          const readable = shown.filter(({ problem }) => problem === undefined)
          process.stdout.write(printAsAirlock(readable))
          const problems = shown.flatMap(({ problem }) => problem ?? [])
          return problems.map(fail).at(-1) ?? EXIT.done
        }),
      )
    })
  addStoreOptions(slots)
}
