import { MAX_NAME_LENGTH, MAX_REASON_LENGTH } from './bounds.js'
import type { Verdict } from './gate.js'

/** What a gate answers when it cannot be asked. */
export type OnError = 'deny' | 'allow'

/** The verdict of a gate that could not be asked; `gate` and `reason` are for people. */
export function troubledVerdict(gate: string, reason: string, onError: OnError): Verdict {
  const shown = shorten(reason, MAX_REASON_LENGTH)
  if (onError === 'allow') return { verdict: 'open', trouble: shown }
  return { verdict: 'closed', refusal: { kind: 'gate_error', gate, reason: shown } }
}

/** A question that was broken off, at a stop or a reload, opens no gate: nobody knows what it would say. */
export function effectOfTrouble(onError: OnError, asking: AbortSignal): OnError {
  return asking.aborted ? 'deny' : onError
}

/** A name from elsewhere as one short piece of a line. */
export function shownName(text: string): string {
  return shorten(text, MAX_NAME_LENGTH)
}

function shorten(text: string, length: number): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return line.length <= length ? line : `${line.slice(0, length)}…`
}
