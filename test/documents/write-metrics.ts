import { writeFile } from 'node:fs/promises'
import { METRICS_DOCUMENT, printMetricsDocument } from './metrics-document.js'

await writeFile(METRICS_DOCUMENT, await printMetricsDocument())
