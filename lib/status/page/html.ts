/** What may stand in a template: text is escaped, markup is not; nothing, where there is none. */
export type HtmlValue = string | number | Html | readonly HtmlValue[] | null | undefined | false

/** Markup that {@link html} has made: the only text that is put into a page as it is. */
class Html {
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  toString(): string {
    return this.#markup
  }
}

export type { Html }

/**
 * The one way to markup: what is put in is escaped, for text and for quoted attributes alike. An
 * attribute's value has to be in quotes.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = strings[0] ?? ''
  values.forEach((value, index) => {
    markup += toMarkup(value) + (strings[index + 1] ?? '')
  })
  return new Html(markup)
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

// Control characters have no place in HTML, and those that turn the direction of text would let an id
// look like another one: both are shown as U+FFFD.

const UNSHOWABLE = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

function toMarkup(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') {
    return value
      .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
      .replace(UNSHOWABLE, '\ufffd')
  }
  return value.map(toMarkup).join('')
}
