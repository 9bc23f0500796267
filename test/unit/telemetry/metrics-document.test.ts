import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { METRICS_DOCUMENT, printMetricsDocument } from '../../documents/metrics-document.js'

describe('docs/metrics.md', () => {
  it('is what the registry and the alert rules say; npm run docs:metrics writes it', async () => {
    expect(await readFile(METRICS_DOCUMENT, 'utf8')).to.equal(await printMetricsDocument())
  })
})
