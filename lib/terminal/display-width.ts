/** One character as people see it, with the accents and joiners that belong to it. */
const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Where nothing else can be, and it needs no segmenting. */
const ASCII = /^[ -~]*$/

/** East Asian Wide and Fullwidth (Unicode's UAX 11), and what is drawn as an emoji: two cells each. */
const WIDE =
  /^(?:\p{Emoji_Presentation}|.\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}])/u

/** How many cells of a terminal a text without control characters takes. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length
  return graphemesOf(text).reduce((sum, grapheme) => sum + graphemeWidth(grapheme), 0)
}

/** The text, or where it takes more cells than that its beginning and `…`, never a part of a character. */
export function cutToWidth(text: string, cells: number): string {
  if (displayWidth(text) <= cells) return text
  let kept = ''
  let left = cells - 1
  for (const grapheme of graphemesOf(text)) {
    left -= graphemeWidth(grapheme)
    if (left < 0) break
    kept += grapheme
  }
  return `${kept}…`
}

function graphemesOf(text: string): readonly string[] {
  return Array.from(GRAPHEMES.segment(text), ({ segment }) => segment)
}

function graphemeWidth(grapheme: string): number {
  if (WIDE.test(grapheme)) return 2
  // A mark without a letter to stand on.
  return /^[\p{Mn}\p{Me}\p{Cf}]+$/u.test(grapheme) ? 0 : 1
}
