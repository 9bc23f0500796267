import { writeFile } from 'node:fs/promises'
import type { Figure } from './figure.js'
import { describeMachine } from './machine.js'
import { parseOptions, type BenchOptions } from './options.js'
import { printJson, printReport } from './report.js'
import { boot } from './scenarios/boot.js'
import { churn } from './scenarios/churn.js'
import { footprint } from './scenarios/footprint.js'
import { full } from './scenarios/full.js'
import { groups } from './scenarios/groups.js'
import { large } from './scenarios/large.js'
import { replicas } from './scenarios/replicas.js'
import { rollout } from './scenarios/rollout.js'
import { sequential } from './scenarios/sequential.js'
import { Stage, type Notes } from './stage.js'

const SCENARIOS: Readonly<Record<string, (stage: Stage) => Promise<readonly Figure[]>>> = {
  sequential,
  churn,
  full,
  boot,
  replicas,
  groups,
  large,
  rollout,
  footprint,
}

async function run(options: BenchOptions): Promise<void> {
  const machine = await describeMachine()
  const notes: Notes = { noise: [], remarks: [] }
  const figures: Figure[] = []
  for (const [name, play] of Object.entries(SCENARIOS)) {
    if (options.only.length > 0 && !options.only.includes(name)) continue
    const stage = new Stage(name, options, notes, (text) => process.stderr.write(`${text}\n`))
    try {
      figures.push(...(await play(stage)))
    } finally {
      await stage.close()
    }
  }
  const report = { machine, options, figures, ...notes }
  if (options.json === '-') process.stdout.write(printJson(report))
  else process.stdout.write(`\n${printReport(report)}`)
  if (options.json !== undefined && options.json !== '-') {
    await writeFile(options.json, printJson(report))
  }
}

const options = parseOptions(process.argv.slice(2), Object.keys(SCENARIOS))
if (typeof options === 'string') {
  const isHelp = process.argv.includes('--help') || process.argv.includes('-h')
  ;(isHelp ? process.stdout : process.stderr).write(options)
  process.exitCode = isHelp ? 0 : 2
} else {
  await run(options)
}
