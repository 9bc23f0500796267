import { runFleets } from './fleets.js'
import type { Load } from './load.js'
import { runBursts, runLoop } from './loop.js'
import { Recorder } from './recorder.js'

/** The process that puts load on a server; it is told once what to do, reports, and ends. */
async function run(load: Load): Promise<void> {
  // Only now, so that it is not counted as a use of the processor by the load.
  const { runPuts } = load.kind === 'puts' ? await import('./puts.js') : { runPuts: undefined }
  const recorder = new Recorder()
  if (load.kind === 'loop') await runLoop(load, recorder)
  else if (load.kind === 'burst') await runBursts(load, recorder)
  else if (load.kind === 'fleets') await runFleets(load, recorder)
  else await runPuts?.(load, recorder)
  process.send?.(recorder.result(), () => process.disconnect())
}

process.once('message', (load: Load) => void run(load))
// Whoever started it has gone away.
process.once('disconnect', () => process.exit())
