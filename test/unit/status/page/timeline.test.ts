import { expect } from 'chai'
import { isHeld, layOut } from '../../../../lib/status/page/timeline.js'
import { sampleHold, SAMPLE_NOW } from '../../../support/sample-reports.js'

const HOUR_MS = 60 * 60_000

describe('the timeline', () => {
  it('has a row for each machine, the first to begin on top, and a bar for each hold', () => {
    const holds = [
      sampleHold('g', 'b', [20, 15]),
      sampleHold('g', 'a', [27, 21]),
      sampleHold('g', 'b', [3]),
    ]
    const { span, rows, more } = layOut(holds, SAMPLE_NOW, 5)
    expect(span).to.deep.equal({ from: SAMPLE_NOW - HOUR_MS / 2, to: SAMPLE_NOW })
    const shown = rows.map(({ id, bars }) => [
      id,
      bars.map(({ start, width, hold }) => [start.toFixed(2), width.toFixed(2), isHeld(hold)]),
    ])
    expect([shown, more]).to.deep.equal([
      [
        ['a', [['0.10', '0.20', false]]],
        [
          'b',
          [
            ['0.33', '0.17', false],
            ['0.90', '0.10', true],
          ],
        ],
      ],
      0,
    ])
  })

  it('leaves out those that began first, but nobody who holds still', () => {
    const holds = [
      sampleHold('g', 'holds', [50]),
      sampleHold('g', 'x', [40, 30]),
      sampleHold('g', 'y', [30, 20]),
      sampleHold('g', 'z', [20, 10]),
    ]
    const { rows, more } = layOut(holds, SAMPLE_NOW, 3)
    expect([rows.map(({ id }) => id), more]).to.deep.equal([['holds', 'y', 'z'], 1])
  })

  it('begins a hold at the edge of which nobody knows when it began', () => {
    const [row] = layOut([sampleHold('g', 'a', [null, 10])], SAMPLE_NOW, 3).rows
    expect(row?.bars.map(({ start, width }) => [start, width.toFixed(2)])).to.deep.equal([
      [0, '0.67'],
    ])
  })

  it('goes by the others where nobody knows when a hold began and it goes on', () => {
    const { span, rows } = layOut([sampleHold('g', 'a', [null])], SAMPLE_NOW, 3)
    expect(span.from).to.equal(SAMPLE_NOW - HOUR_MS / 2)
    expect(rows[0]?.bars.map(({ start, width }) => [start, width])).to.deep.equal([[0, 1]])
    const holds = [sampleHold('g', 'a', [null]), sampleHold('g', 'b', [50, 45])]
    expect(layOut(holds, SAMPLE_NOW, 3).span.from).to.equal(SAMPLE_NOW - HOUR_MS)
  })

  it('shows of a hold that is over, nobody knows since when, only that it began', () => {
    const hold = { ...sampleHold('g', 'a', [15]), ended: 'not recorded' }
    const { rows, more } = layOut([hold, sampleHold('g', 'b', [20])], SAMPLE_NOW, 1)
    expect([rows.map(({ id }) => id), more]).to.deep.equal([['b'], 1])
    const [bar] = layOut([hold], SAMPLE_NOW, 1).rows[0]?.bars ?? []
    expect([bar?.start, bar?.width]).to.deep.equal([0.5, 0.006])
  })

  it('is a number of whole days where it is long', () => {
    const { span } = layOut([sampleHold('g', 'a', [50.3 * 24 * 60])], SAMPLE_NOW, 3)
    expect(span.from).to.equal(SAMPLE_NOW - 51 * 24 * HOUR_MS)
  })

  it('has bars inside of its span, and ticks at round times, whatever the holds', () => {
    for (const minutes of [0, 1, 29, 31, 600, 6000, 60_000, 600_000]) {
      const { rows, ticks } = layOut([sampleHold('g', 'a', [minutes])], SAMPLE_NOW, 3)
      const [bar] = rows[0]?.bars ?? []
      expect(bar?.start).to.be.within(0, 1)
      expect((bar?.start ?? 2) + (bar?.width ?? 2)).to.be.within(0, 1.000001)
      expect(ticks.length).to.be.within(1, 6)
    }
  })
})
