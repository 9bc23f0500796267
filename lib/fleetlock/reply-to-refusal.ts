import type { Refusal } from '../semaphore/refusal.js'
import type { ErrorReply } from './kinds.js'

/** How a refusal is told to the node that asked. Sentences may name the group's figures, never ids. */
export function replyToRefusal(refusal: Refusal): ErrorReply {
  switch (refusal.kind) {
    case 'semaphore_full':
      return { kind: 'failed_lock_semaphore_full', value: fullSentence(refusal) }
    case 'paused':
      return { kind: 'failed_lock_paused', value: pausedSentence(refusal) }
    case 'total_full':
      return {
        kind: 'failed_lock_total_full',
        value: `all ${refusal.max} slots over all groups currently locked`,
      }
    case 'cooldown':
      return { kind: 'failed_lock_cooldown', value: cooldownSentence(refusal) }
    case 'outside_reboot_window':
      return { kind: 'failed_lock_outside_reboot_window', value: windowSentence(refusal.opensAt) }
    case 'blackout':
      return {
        kind: 'failed_lock_blackout',
        value: `no reboots until ${refusal.until}: ${refusal.reason}`,
      }
    case 'alerts_firing':
      return {
        kind: 'failed_lock_alerts_firing',
        value: `alerts are firing: ${refusal.alerts.join(', ')}`,
      }
    case 'check_failing':
      return {
        kind: 'failed_lock_check_failing',
        value: `the check ${refusal.check} says no: ${refusal.reason}`,
      }
    case 'gate_error':
      return {
        kind: 'failed_lock_gate_error',
        value: `the gate ${refusal.gate} cannot be asked: ${refusal.reason}`,
      }
    case 'withdrawn':
      return {
        kind: 'failed_lock_withdrawn',
        value: 'the machine gave up this request before it was done',
      }
    case 'store_unavailable':
      return {
        kind: 'store_unavailable',
        value: `the lock store cannot be used at the moment: ${refusal.reason}`,
      }
    case 'store_conflict':
      return {
        kind: 'store_conflict',
        value: `other writers were faster ${refusal.attempts} times; try again`,
      }
    case 'store_corrupt':
      return {
        kind: 'store_corrupt',
        value: `the stored document ${refusal.key} ${refusal.problem}; an operator has to correct it`,
      }
    case 'unknown_group':
      return { kind: 'unknown_group', value: `unknown group ${JSON.stringify(refusal.group)}` }
    case 'shutting_down':
      return { kind: 'shutting_down', value: 'this server is shutting down; try again' }
  }
}

function fullSentence({ totalSlots, holders }: { totalSlots: number; holders: number }): string {
  if (totalSlots === 0) return 'this group has 0 semaphore slots: nobody may reboot'
  if (holders > totalSlots) {
    return `all ${totalSlots} semaphore slots currently locked, by ${holders} machines`
  }
  return `all ${totalSlots} semaphore slots currently locked`
}

function pausedSentence({ scope, reason, since, by }: Refusal & { kind: 'paused' }): string {
  const what =
    scope === 'all' ? 'reboots of all groups are paused' : 'reboots of this group are paused'
  const origin = [since && `since ${since}`, by && `by ${by}`].filter((part) => part !== '')
  return `${[what, ...origin].join(' ')}: ${reason}`
}

/** Only about then: hosts' clocks differ, and the store takes a moment to forget. */
function cooldownSentence({ seconds, until }: Refusal & { kind: 'cooldown' }): string {
  const what = `a machine of this group was released less than ${seconds} seconds ago`
  if (until === null) return what
  const moment = until.replace(/\.\d+Z$/, 'Z')
  return `${what}; the next is granted after about ${moment}`
}

function windowSentence(opensAt: string | null): string {
  return opensAt === null
    ? 'no reboot window opens any more'
    : `outside of the reboot windows; the next one opens at ${opensAt}`
}
