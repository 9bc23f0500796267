import { Option, type Command } from 'commander'
import { groupProblem } from '../semaphore/node-identity.js'
import { wrongCall } from './wrong-call.js'

/** The group that commands are about unless told otherwise; set to nothing, it is as good as not set. */
const VARIABLE = 'AIRLOCK_GROUP'

/** Adds `--group` to a command that works on one group: without it, the default group. */
export function addGroupOption(command: Command): Command {
  return addOption(command, 'the group (default: the default group)')
}

/** Adds `[group]`, and `--group` to the same end, to a command that shows all groups or one. */
export function addShownGroup(command: Command): Command {
  return addOption(command.argument('[group]', 'only this group'), 'only this group (default: all)')
}

/** The group to show, if only one; ends the command as a wrong call where two are named. */
export function shownGroup(argument: string | undefined, command: Command): string | undefined {
  const option = command.getOptionValue('group') as string | undefined
  if (argument === undefined) return option
  requireGroupName(argument, command)
  const isTyped = command.getOptionValueSource('group') === 'cli'
  if (isTyped && option !== argument) {
    wrongCall(command, 'name one group')
  }
  return argument
}

/** Adds `--group` and `--all` to a command that works on one group, or on all. */
export function addScopeOptions(command: Command): Command {
  return command
    .option('-g, --group <name>', 'only this group')
    .option('--all', `all groups: the default, unless ${VARIABLE} is set`)
    .hook('preAction', (_, self) => checkGroupOption(self))
}

/**
 * The one group to work on; undefined: all. A group in the environment is forgotten easily, and must not
 * make one of all: it ends the command as a wrong call, as does a contradiction.
 */
export function groupInScope(command: Command): string | undefined {
  const { group, all } = command.opts<{ readonly group?: string; readonly all?: true }>()
  const inEnvironment = process.env[VARIABLE] ?? ''
  if (group !== undefined && all === true) {
    wrongCall(command, 'name either --group or --all')
  }
  if (group === undefined && all !== true && inEnvironment !== '') {
    const ways = `name --group ${inEnvironment}, or --all for all groups`
    wrongCall(command, `${VARIABLE} is set: ${ways}`)
  }
  return group
}

function addOption(command: Command, description: string): Command {
  const option = new Option('-g, --group <name>', description)
  return command
    .addOption(process.env[VARIABLE] === '' ? option : option.env(VARIABLE))
    .hook('preAction', (_, self) => checkGroupOption(self))
}

function checkGroupOption(command: Command): void {
  const group = command.getOptionValue('group') as string | undefined
  if (group !== undefined) requireGroupName(group, command)
}

function requireGroupName(name: string, command: Command): void {
  const wrong = groupProblem(name)
  if (wrong !== undefined) wrongCall(command, `the name of a group ${wrong}`)
}
