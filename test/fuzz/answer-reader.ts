/** One answer, read by the letter of RFC 9112. */
export interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** What a server has sent so far: whole answers, or why it is no HTTP. */
export type ReadAnswers =
  { readonly answers: readonly Answer[]; readonly unread: number } | { readonly problem: string }

const STATUS_LINE = /^HTTP\/1\.1 (\d{3}) [ -~]*$/
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([!-~](?:[ -~]*[!-~])?)?$/

/**
 * Reads answers whose end is told by a Content-Length, which airlock always sends. Interim answers
 * are passed over. `isHead` tells by its index whether an answer has no body.
 */
export function readAnswers(received: Buffer, isHead: (index: number) => boolean): ReadAnswers {
  const answers: Answer[] = []
  for (let rest = received; ;) {
    const headEnd = rest.indexOf('\r\n\r\n')
    if (headEnd < 0) return { answers, unread: rest.length }
    const [first = '', ...lines] = rest.subarray(0, headEnd).toString('latin1').split('\r\n')
    const status = Number(STATUS_LINE.exec(first)?.[1] ?? 0)
    if (status < 100) return { problem: `no status line: ${JSON.stringify(first)}` }
    const headers = new Map<string, string>()
    for (const line of lines) {
      const [, name = '', value = ''] = HEADER_LINE.exec(line) ?? []
      if (name === '') return { problem: `no header: ${JSON.stringify(line)}` }
      if (headers.has(name.toLowerCase())) return { problem: `a header twice: ${name}` }
      headers.set(name.toLowerCase(), value)
    }
    if (status < 200) {
      rest = rest.subarray(headEnd + 4)
      continue
    }
    const length = headers.get('content-length')
    if (length === undefined || !/^\d+$/.test(length)) {
      return { problem: `no Content-Length: ${JSON.stringify(first)}` }
    }
    const end = headEnd + 4 + (isHead(answers.length) ? 0 : Number(length))
    if (rest.length < end) return { answers, unread: rest.length }
    answers.push({ status, headers, body: rest.subarray(headEnd + 4, end).toString('utf8') })
    rest = rest.subarray(end)
  }
}
