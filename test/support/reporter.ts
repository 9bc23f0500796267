import { writeFileSync } from 'node:fs'
import Mocha from 'mocha'

const LEAK_GRACE_MS = 5_000

/**
 * Mocha's dots, and two things more. At exit it writes `N passed, N failed`, to the file of the
 * reporter option `result`, or else to the output. And it ends a process that goes on after the last
 * test, as a failure that names what was left open.
 */
class ResultReporter extends Mocha.reporters.Dot {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options)
    let isOver = false
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      isOver = true
      setTimeout(endLeakingRun, LEAK_GRACE_MS).unref()
    })
    const { result } = (options.reporterOptions ?? {}) as { result?: string }
    process.once('exit', (code) => {
      const { passes, failures } = this.stats
      const hasBrokenOff = !isOver || passes + failures === 0 || (code !== 0 && failures === 0)
      const line = `${passes} passed, ${failures + (hasBrokenOff ? 1 : 0)} failed\n`
      if (hasBrokenOff) {
        process.exitCode = 1
      }
      if (result === undefined) {
        process.stdout.write(line)
      } else {
        writeFileSync(result, line)
      }
    })
  }
}

function endLeakingRun(): void {
  const open = process.getActiveResourcesInfo().join(', ')
  console.error(`the tests are over, but something they opened was not closed: ${open}`)
  // Mocha's own listener, which runs before this one, sets the code by the number of failures.
  process.once('exit', () => {
    process.exitCode = 1
  })
  process.exit(1)
}

export { ResultReporter as default }
