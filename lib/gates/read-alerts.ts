import { shownName } from './verdicts.js'

/** The names of the elements that a query gave, one for each; or why that cannot be known. */
export type ReadAlerts =
  | {
      readonly names: readonly string[]
      /** Why there may be more of them. */
      readonly warning?: string
    }
  | { readonly problem: string }

/**
 * Reads a Prometheus' answer to an instant query (prometheus.io/docs/prometheus/latest/querying/api).
 *
 * As with the expression of an alerting rule, each element counts, whatever its value. Its name is its
 * label `alertname`, else the name of its metric. An answer with a warning may be incomplete (Thanos, when
 * a store is away): it can show that something fires, not that nothing does.
 */
export function readAlerts(status: number, body: string): ReadAlerts {
  const answer = parseObject(body)
  if (answer === undefined) return { problem: `answered ${status} without JSON` }
  if (status !== 200 || answer['status'] !== 'success') {
    const error = textOf(answer['error'])
    return { problem: `answered ${status}${error === undefined ? '' : `: ${error}`}` }
  }
  const data = isObject(answer['data']) ? answer['data'] : {}
  const { resultType, result } = data
  if (resultType !== 'vector' || !Array.isArray(result)) {
    return { problem: `answered a ${textOf(resultType) ?? 'thing'} where a vector is needed` }
  }
  const warnings: readonly unknown[] = Array.isArray(answer['warnings']) ? answer['warnings'] : []
  const names = result.map(nameOf)
  if (warnings.length === 0) return { names }
  return { names, warning: `answered with a warning: ${textOf(warnings[0]) ?? ''}` }
}

function nameOf(element: unknown): string {
  const metric = isObject(element) && isObject(element['metric']) ? element['metric'] : {}
  return textOf(metric['alertname']) ?? textOf(metric['__name__']) ?? 'the query'
}

/** The names to show in a refusal: sorted, each once, and how many more there are. */
export function summariseAlerts(names: readonly string[], max: number): readonly string[] {
  const unique = [...new Set(names.map(shownName))].sort()
  const more = unique.length - max
  return more > 0 ? [...unique.slice(0, max), `and ${more} more`] : unique
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
