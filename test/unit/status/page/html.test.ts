import { expect } from 'chai'
import fc from 'fast-check'
import { html } from '../../../../lib/status/page/html.js'

describe('html', () => {
  it('escapes text and attributes', () => {
    const text = `<a href="x" id='y'>&amp;</a>`
    expect(html`<p title="${text}">${text}</p>`.toString()).to.equal(
      '<p title="&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;">' +
        '&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;</p>',
    )
  })

  it('puts in its own markup as it is, also in lists', () => {
    const items = ['a', '<b>'].map((item) => html`<b>${item}</b>`)
    expect(html`<i>${items}</i>`.toString()).to.equal('<i><b>a</b><b>&lt;b&gt;</b></i>')
  })

  it('has nothing where there is nothing', () => {
    expect(html`<p>${null}${undefined}${false}${0}${''}</p>`.toString()).to.equal('<p>0</p>')
  })

  it('shows control characters and turns of direction as such, not what they do', () => {
    expect(html`${'a\0b\x1b[2Jc\u202edb\u2066\n\t'}`.toString()).to.equal(
      'a\ufffdb\ufffd[2Jc\ufffddb\ufffd\n\t',
    )
  })

  it('lets no text become markup', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(html`${text}`.toString()).to.match(/^(?:[^<>"'&]|&(?:amp|lt|gt|quot|#39);)*$/u)
      }),
    )
  })
})
