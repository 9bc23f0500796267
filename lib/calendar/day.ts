const DAY_MS = 24 * 60 * 60 * 1000

/** A `YYYY-MM-DD` in days since 1970-01-01; undefined when there is no such day. */
export function parseDay(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return undefined
  const instant = Date.parse(`${text}T00:00:00Z`)
  // The 30th of February is taken for the 2nd of March.
  if (Number.isNaN(instant) || !new Date(instant).toISOString().startsWith(text)) return undefined
  return instant / DAY_MS
}
