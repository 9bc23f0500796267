import { expect } from 'chai'
import type { NodeNames } from '../../../lib/config/node-names.js'
import { NodeNaming } from '../../../lib/daemon/node-naming.js'
import type { ServiceFile } from '../../../lib/daemon/service-files.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { FakeClock } from '../../support/fake-clock.js'

describe('NodeNaming', () => {
  let clock: FakeClock
  let lines: readonly string[]
  let changes: number
  let naming: NodeNaming

  beforeEach(() => {
    clock = new FakeClock()
    changes = 0
    const collected = collectingEvents()
    lines = collected.lines
    naming = new NodeNaming({
      clock,
      events: collected.events,
      onChange: () => (changes += 1),
    })
  })

  afterEach(() => {
    naming.stop()
    expect(clock.pending).to.equal(0)
  })

  /** A file whose content a test can change; undefined cannot be used. */
  function fileOf(content: { names: NodeNames | undefined }): ServiceFile<NodeNames> {
    const reading = () => {
      const { names } = content
      const problems = names === undefined ? [{ path: 'status.nodes_path', message: 'bad' }] : []
      const fingerprint = JSON.stringify(names ?? null)
      return { value: names, report: { fingerprint, problems, warnings: [] } }
    }
    return { read: () => Promise.resolve(reading()), first: reading() }
  }

  it('knows the names of the configuration and those of the file, of which the former are stronger', () => {
    naming.configure({ a: 'one' }, fileOf({ names: { a: 'two', b: 'three' } }))
    expect(['a', 'b', 'c', 'toString', '__proto__'].map((id) => naming.nameOf(id))).to.deep.equal([
      'one',
      'three',
      undefined,
      undefined,
      undefined,
    ])
  })

  it('follows the file once it is started, and keeps good names', async () => {
    const content: { names: NodeNames | undefined } = { names: { a: 'one' } }
    naming.configure({}, fileOf(content))
    expect(clock.pending).to.equal(0)
    naming.start()
    content.names = { a: 'two' }
    await clock.advance(10_000)
    expect([naming.nameOf('a'), changes]).to.deep.equal(['two', 1])
    content.names = undefined
    await clock.advance(10_000)
    expect([naming.nameOf('a'), changes]).to.deep.equal(['two', 1])
    expect(lines.join('\n')).to.include('the new file of names cannot be used')
  })

  it('watches another file after a reload, and the one before no more', async () => {
    naming.configure({}, undefined)
    naming.start()
    const [first, second] = [{ names: { a: 'one' } }, { names: { b: 'two' } }]
    naming.configure({}, fileOf(first))
    naming.configure({}, fileOf(second))
    expect(clock.pending).to.equal(1)
    second.names = { b: 'three' }
    await clock.advance(10_000)
    expect([naming.nameOf('a'), naming.nameOf('b')]).to.deep.equal([undefined, 'three'])
    naming.configure({ b: 'four' }, undefined)
    expect([clock.pending, naming.nameOf('b')]).to.deep.equal([0, 'four'])
  })
})
