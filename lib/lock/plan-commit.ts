import type { Refusal } from '../semaphore/refusal.js'
import { printSemaphore } from '../semaphore/semaphore-document.js'
import { createSemaphore, setTotalSlots, type Semaphore } from '../semaphore/semaphore.js'
import type { Guard, Put, Transaction } from '../store/store.js'
import type { GroupGates } from '../gates/gate.js'
import { decideBatch, type BatchRequest, type GrantConditions, type Outcome } from './batch.js'
import type { Change, ChangeRecord, HolderRecord } from './change.js'
import { cooldownPuts, cooldownRefusal } from './cooldown.js'
import type { GroupState } from './group-state.js'
import {
  configuredSlotsKey,
  cooldownKey,
  eventKey,
  GLOBAL_PAUSE_KEY,
  GROUPS_PREFIX,
  holderKey,
  pauseKey,
  semaphoreKey,
} from './keys.js'

/** Who decides over a group's number of slots: the config when it changes, or the store alone. */
export type SlotsSource = 'config' | 'store'

/** What the configuration says about a group. */
export interface LaneSettings {
  readonly slots: number
  readonly slotsSource: SlotsSource
  /** Seconds for which the group grants nothing after a release; without it, it grants at once. */
  readonly cooldownSeconds?: number | undefined
  /** Most slots that all groups together may hold; without it, as many as they have. */
  readonly totalSlotsMax?: number | undefined
  /** Whether grants are made while the group rests all the same: an operator may wish so. */
  readonly ignoresCooldown?: boolean | undefined
  /** Asked before a grant; without them none is. */
  readonly gates?: GroupGates | undefined
  /** How long a pre-reboot may wait for a slot, in milliseconds; 0: it is answered at once. */
  readonly waitTimeoutMs: number
}

/** What a plan depends on beside the group's state and the requests. */
export interface PlanContext {
  readonly group: string
  /** Undefined for a group that is not configured. */
  readonly settings: LaneSettings | undefined
  /** Whether this daemon still has to apply the configured slots, once after a start or reload. */
  readonly mustApplySlots: boolean
  /** Whether the document is written even unchanged, to make an earlier, uncertain commit fail. */
  readonly mustFence: boolean
  /** RFC 3339. */
  readonly at: string
  /** `user@host`. */
  readonly by: string
}

/** A batch decided, and the one transaction that makes it so. */
export interface CommitPlan {
  /** One for each request; undefined for those left to the next batch. */
  readonly outcomes: readonly (Outcome | undefined)[]
  /** Requests for which the gates have to be asked first. */
  readonly asking: readonly number[]
  /** Whether somebody was granted a slot, or gave one back. */
  readonly hasMoved: boolean
  /** Whether the transaction makes every uncertain commit from before the plan fail. */
  readonly isFence: boolean
  /** What the transaction puts on record; undefined where it changes nothing. */
  readonly record: ChangeRecord | undefined
  /** What is to be written; undefined where nothing changes. */
  readonly transaction: Transaction | undefined
  /** The settings that the plan rests on. */
  readonly settings: LaneSettings | undefined
  /** The slots before and after, where the configured number was applied. */
  readonly slotsApplied: { readonly from: number | undefined; readonly to: number } | undefined
  /** The group's state once the transaction is committed at a revision. */
  stateAfter(revision: number): GroupState
}

/** Decides a batch of requests on a group's state and composes the net change. Pure. */
export function planCommit(
  state: GroupState,
  requests: readonly BatchRequest[],
  context: PlanContext,
): CommitPlan {
  const { settings, at } = context
  const { value: current } = state.semaphore
  const isNew = current === undefined
  const slots = settings?.slots ?? 0
  const mayApply = settings?.slotsSource === 'config' && (context.mustApplySlots || isNew)
  const appliesSlots = mayApply && state.configuredSlots.value !== slots
  const stored = current ?? createSemaphore(slots)
  const before = appliesSlots ? setTotalSlots(stored, slots) : stored
  const decision = decideBatch(before, requests, conditionsOf(state, context))

  const previousSlots = current?.totalSlots
  const changes = changesOf(decision, previousSlots)
  const record = changes.length === 0 ? undefined : { at, by: context.by, changes }
  const hasChanges = decision.granted.length > 0 || decision.released.length > 0 || appliesSlots
  const mustWrite = hasChanges || context.mustFence || (isNew && context.mustApplySlots)
  return {
    outcomes: decision.outcomes,
    asking: decision.asking,
    hasMoved: decision.granted.length > 0 || decision.released.length > 0,
    isFence: context.mustFence,
    record,
    transaction: mustWrite
      ? composeTransaction(state, decision, record, appliesSlots, context)
      : undefined,
    settings,
    slotsApplied: appliesSlots ? { from: previousSlots, to: slots } : undefined,
    stateAfter: (revision) => ({
      ...state,
      semaphore: { value: decision.semaphore, revision },
      version: state.version + 1,
      configuredSlots: appliesSlots ? { value: slots, revision } : state.configuredSlots,
      cooldown:
        decision.released.length > 0 && (settings?.cooldownSeconds ?? 0) > 0
          ? { value: { since: at, seconds: settings?.cooldownSeconds ?? 0 }, revision }
          : state.cooldown,
    }),
  }
}

function conditionsOf(state: GroupState, context: PlanContext): GrantConditions {
  const { settings, at } = context
  const max = settings?.totalSlotsMax
  const seconds = settings?.ignoresCooldown === true ? 0 : (settings?.cooldownSeconds ?? 0)
  return {
    barrier: barrierOf(state, context),
    afterRelease: seconds > 0 ? cooldownRefusal({ since: at, seconds }) : undefined,
    cap: max === undefined ? undefined : { max, heldByOthers: heldByOthers(state) ?? max },
    hasGates: settings?.gates !== undefined,
  }
}

/** Without a count of the others nothing may be granted under a cap. */
function heldByOthers({ others }: GroupState): number | undefined {
  return others === undefined || 'problem' in others ? undefined : others.held
}

/** What keeps every node of the group from taking a slot at the moment, holders excepted. */
function barrierOf(
  { pause, globalPause, cooldown, others }: GroupState,
  { group, settings }: PlanContext,
): Refusal | undefined {
  if (settings === undefined) return { kind: 'unknown_group', group }
  if (globalPause.value !== undefined) return { kind: 'paused', scope: 'all', ...globalPause.value }
  if (pause.value !== undefined) return { kind: 'paused', scope: 'group', ...pause.value }
  if (cooldown.revision > 0 && settings.ignoresCooldown !== true) {
    return cooldownRefusal(cooldown.value ?? { since: '', seconds: settings.cooldownSeconds ?? 0 })
  }
  const isUncounted = others !== undefined && 'problem' in others
  if (settings.totalSlotsMax !== undefined && isUncounted)
    return { kind: 'store_corrupt', ...others }
  return undefined
}

interface NetChange {
  readonly semaphore: Semaphore
  readonly granted: readonly string[]
  readonly released: readonly string[]
}

function changesOf(net: NetChange, previousSlots: number | undefined): readonly Change[] {
  const to = net.semaphore.totalSlots
  return [
    ...(previousSlots === to
      ? []
      : [{ type: 'slots-set', from: previousSlots ?? null, to } as const]),
    ...net.released.map((id) => ({ type: 'released', id }) as const),
    ...net.granted.map((id) => ({ type: 'granted', id }) as const),
  ]
}

/** A release compares the semaphore alone; a grant also whatever could have forbidden it. */
function composeTransaction(
  state: GroupState,
  net: NetChange,
  record: ChangeRecord | undefined,
  appliesSlots: boolean,
  { group, settings, at, by }: PlanContext,
): Transaction {
  const unchanged: Guard[] = [{ key: semaphoreKey(group), revision: state.semaphore.revision }]
  const puts: Put[] = [{ key: semaphoreKey(group), value: printSemaphore(net.semaphore) }]
  if (appliesSlots) {
    unchanged.push({ key: configuredSlotsKey(group), revision: state.configuredSlots.revision })
    puts.push({ key: configuredSlotsKey(group), value: String(settings?.slots) })
  }
  if (net.granted.length > 0) {
    unchanged.push({ key: pauseKey(group), revision: state.pause.revision })
    unchanged.push({ key: GLOBAL_PAUSE_KEY, revision: state.globalPause.revision })
    unchanged.push({ key: cooldownKey(group), revision: state.cooldown.revision })
    const { others } = state
    if (settings?.totalSlotsMax !== undefined && others !== undefined && 'asOf' in others) {
      unchanged.push({ prefix: GROUPS_PREFIX, revision: others.asOf })
    }
  }
  const holder: HolderRecord = { since: at, by }
  for (const id of net.granted) {
    puts.push({ key: holderKey(group, id), value: JSON.stringify(holder) })
  }
  if (net.released.length > 0) puts.push(...cooldownPuts(group, settings?.cooldownSeconds ?? 0, at))
  if (record !== undefined) {
    puts.push({ key: eventKey(group, state.version + 1), value: JSON.stringify(record) })
  }
  return { unchanged, puts, deletes: net.released.map((id) => holderKey(group, id)) }
}
