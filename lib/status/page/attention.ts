import type { GroupReport, HolderReport, PauseReport, StatusReport } from '../status-report.js'
import { isAbandoned, isStuck, slotsDiffer, type RankedGroup } from './severity.js'

/** One thing that an operator should know before anything else. */
export type Attention =
  | { readonly kind: 'store_down'; readonly reason: string | null; readonly seenAt: string | null }
  | { readonly kind: 'endpoints_down'; readonly endpoints: readonly string[] }
  | { readonly kind: 'all_paused'; readonly pause: PauseReport }
  | { readonly kind: 'problem'; readonly group: string; readonly problem: string }
  | { readonly kind: 'stuck'; readonly group: string; readonly stale: readonly HolderReport[] }
  | {
      readonly kind: 'stale'
      readonly group: string
      readonly stale: readonly HolderReport[]
      readonly free: number
    }
  | { readonly kind: 'paused'; readonly group: string; readonly pause: PauseReport }
  | {
      readonly kind: 'gate_error'
      readonly group: string
      readonly gate: string
      readonly isIgnored: boolean
      readonly reason: string | null
    }
  | {
      readonly kind: 'slots_differ'
      readonly group: string
      readonly stored: number
      readonly configured: number
    }
  | {
      readonly kind: 'too_many'
      readonly group: string
      readonly held: number
      readonly slots: number
    }
  | { readonly kind: 'abandoned'; readonly group: string; readonly held: number }

/** Kinds that stop machines until somebody acts; the others can wait until the morning. */
const URGENT: ReadonlySet<Attention['kind']> = new Set(['store_down', 'problem', 'stuck'])

/** Whether it stops machines until somebody acts. */
export function isUrgent({ kind }: Attention): boolean {
  return URGENT.has(kind)
}

/** All that needs attention, what is urgent first. */
export function findAttention(
  { store, paused }: StatusReport,
  groups: readonly RankedGroup[],
): readonly Attention[] {
  const found: Attention[] = []
  const silent = store.endpoints.filter(({ answers }) => !answers)
  if (!store.reachable) {
    const reason = store.last_error?.reason ?? null
    found.push({ kind: 'store_down', reason, seenAt: store.seen_at })
  } else if (silent.length > 0) {
    found.push({ kind: 'endpoints_down', endpoints: silent.map(({ endpoint }) => endpoint) })
  }
  if (paused !== null) found.push({ kind: 'all_paused', pause: paused })
  for (const { group } of groups) found.push(...ofGroup(group))
  return [...found.filter(isUrgent), ...found.filter((attention) => !isUrgent(attention))]
}

function ofGroup(report: GroupReport): readonly Attention[] {
  const { name: group, slots } = report
  const [held, free] = [report.held ?? 0, report.free ?? 0]
  if (report.problem !== null) return [{ kind: 'problem', group, problem: report.problem }]
  const found: Attention[] = []
  const stale = report.holders.filter((holder) => holder.stale)
  if (isStuck(report)) found.push({ kind: 'stuck', group, stale })
  else if (stale.length > 0) found.push({ kind: 'stale', group, stale, free })
  if (report.paused !== null) found.push({ kind: 'paused', group, pause: report.paused })
  for (const { gate, state, reason } of report.gates) {
    if (state !== 'error' && state !== 'ignored_error') continue
    found.push({ kind: 'gate_error', group, gate, isIgnored: state === 'ignored_error', reason })
  }
  if (slotsDiffer(report)) {
    const configured = report.configured_slots ?? slots
    found.push({ kind: 'slots_differ', group, stored: slots, configured })
  }
  if (isAbandoned(report)) found.push({ kind: 'abandoned', group, held })
  else if (held > slots) found.push({ kind: 'too_many', group, held, slots })
  return found
}
