/**
 * For node's `--import`: shifts the wall clock of the process by AIRLOCK_CLOCK_SHIFT_MS milliseconds.
 * Timers and the monotonic clock stay as they are, as on a machine whose clock is set wrong.
 */
const shiftMs = Number(process.env['AIRLOCK_CLOCK_SHIFT_MS'])
const RealDate = Date

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: readonly unknown[], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [shiftedNow()] : args, newTarget) as object,
  apply: () => new RealDate(shiftedNow()).toString(),
  get: (target, property): unknown =>
    property === 'now' ? shiftedNow : Reflect.get(target, property),
})

function shiftedNow(): number {
  return RealDate.now() + shiftMs
}

export {}
