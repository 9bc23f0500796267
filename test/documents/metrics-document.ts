import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { createMetrics } from '../../lib/telemetry/metrics.js'

const ROOT = join(import.meta.dirname, '../../..')

/** Where the document is. */
export const METRICS_DOCUMENT = join(ROOT, 'docs/metrics.md')

/** Those that coreos/airlock has, too (docs/from-airlock.md); dashboards made for it go on working. */
const TAKEN_OVER = new Set([
  'airlock_config_groups',
  'airlock_config_semaphore_slots',
  'airlock_database_semaphore_lock_holders',
  'airlock_database_semaphore_slots',
  'airlock_v1_pre_reboot_incoming_requests_total',
  'airlock_v1_steady_state_incoming_requests_total',
])

interface Described {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly labelNames: readonly string[]
}

/** What prom-client has of a metric; its types leave this out. */
interface Metric extends Pick<Described, 'labelNames'> {
  get(): Promise<Omit<Described, 'labelNames'>>
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string
      readonly for: string
      readonly annotations: { readonly description: string }
    }[]
  }[]
}

/** The document, from the registry and the rules as they are. */
export async function printMetricsDocument(): Promise<string> {
  const { registry } = createMetrics('0.0.0')
  const metrics = registry.getMetricsAsArray() as unknown as readonly Metric[]
  const described = await Promise.all(
    metrics.map(async (metric) => ({ ...(await metric.get()), labelNames: metric.labelNames })),
  )
  const rules = await readFile(join(ROOT, 'contrib/prometheus/airlock.rules.yml'), 'utf8')
  const own = described.filter(({ name }) => name.startsWith('airlock_'))
  const others = described.filter((metric) => !own.includes(metric))
  return `${HEAD}
${table(own)}

Of the process, from prom-client:

${table(others)}

${ALERTS}
${alertTable(parse(rules) as Rules)}

${DASHBOARD}`
}

function table(metrics: readonly Described[]): string {
  const rows = [...metrics].sort(byName).map(({ name, type, labelNames, help }) => {
    const labels = labelNames.filter((label) => label !== 'le').map((label) => `\`${label}\``)
    const mark = TAKEN_OVER.has(name) ? ' ¹' : ''
    return `| \`${name}\`${mark} | ${type} | ${labels.join(', ')} | ${help} |`
  })
  return ['| metric | type | labels | |', '|---|---|---|---|', ...rows].join('\n')
}

function byName(a: Described, b: Described): number {
  return a.name < b.name ? -1 : 1
}

function alertTable({ groups }: Rules): string {
  const rows = groups.flatMap((group) =>
    group.rules.map((rule) => {
      const text = rule.annotations.description.replace(
        /\{\{ \$labels\.(\w+) \}\}/g,
        (_, label: string) => label.toUpperCase(),
      )
      return `| \`${rule.alert}\` | ${rule.for} | ${text} |`
    }),
  )
  return ['| alert | after | |', '|---|---|---|', ...rows].join('\n')
}

const HEAD = `# Metrics

<!-- Written by \`npm run docs:metrics\` from the registry and the alert rules; a test compares it. -->

The status service has them at \`/metrics\`, in Prometheus' text format; \`status.htpasswd_path\` guards them. Labels are taken
from closed or configured sets only: no machine's id is in one. Every replica reports the groups of its configuration, as the
store has them, so take \`max by (group)\` over replicas, not \`sum\`; what a replica counts by itself (requests, waiters, errors)
is summed. A group that a reload removes takes its gauges along; what has been counted of it stays until the next start.

¹ coreos/airlock has it under the same name, with the same meaning.
`

const ALERTS = `## Alerts

[contrib/prometheus](../contrib/prometheus) has a scrape configuration, rules, and tests of the rules (\`promtool test rules
airlock.rules.test.yml\`). The job has to be named \`airlock\`.
`

const DASHBOARD = `## Dashboard

[contrib/grafana/airlock.json](../contrib/grafana/airlock.json): in Grafana, *Dashboards → New → Import*, then choose the
Prometheus. It can be narrowed down by job and by group. Each of its queries is run in the tests, against a Prometheus that
scrapes a real airlock.
`
