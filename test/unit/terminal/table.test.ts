import { expect } from 'chai'
import { displayWidth } from '../../../lib/terminal/display-width.js'
import { formatTable } from '../../../lib/terminal/table.js'

describe('formatTable', () => {
  const columns = [{ heading: 'ID', isWhole: true }, { heading: 'WHY' }]

  it('cuts the widest text until the lines fit', () => {
    expect(
      formatTable(columns, [['0123456789abcdef', 'a story without an end']], 30),
    ).to.deep.equal(['ID                WHY', '0123456789abcdef  a story wit…'])
  })

  it('lets a line be longer rather than cut what is whole', () => {
    expect(
      formatTable(columns, [['0123456789abcdef', 'a story without an end']], 10),
    ).to.deep.equal(['ID                WHY', '0123456789abcdef  a story…'])
  })

  it('cuts no character in two, whatever it is made of', () => {
    for (const character of ['\u{1f600}', '\u{1f469}\u200d\u{1f680}', 'e\u0301', '\u{20000}']) {
      const text = character.repeat(30)
      for (let width = 10; width < 30; width += 1) {
        const [, line = ''] = formatTable([{ heading: 'NAME' }], [[text]], width)
        expect(line).to.not.match(/\p{Cs}/u)
        expect(line.replaceAll(character, '')).to.equal('…')
        expect(displayWidth(line)).to.be.within(width - 1, width)
      }
    }
  })

  it('counts wide characters as two, so that the columns stand below each other', () => {
    expect(
      formatTable(
        [{ heading: 'NAME' }, { heading: 'GROUP' }],
        [
          ['\u30c7\u30fc\u30bf', 'a'],
          ['cafe\u0301', 'b'],
          ['\u{1f600}', 'c'],
        ],
      ),
    ).to.deep.equal([
      'NAME    GROUP',
      '\u30c7\u30fc\u30bf  a',
      'cafe\u0301    b',
      '\u{1f600}      c',
    ])
  })
})
