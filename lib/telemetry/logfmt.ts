/** Values of these characters alone stand without quotes, as logrus has it. */
const PLAIN = /^[a-zA-Z0-9\-._/@^+]+$/

/**
 * One line as logrus' text formatter writes it, to the second, because that is what coreos/airlock's
 * users grep for: `time="…" level=info msg="…" group=default id=…`.
 */
export function printLogfmt(event: Readonly<Record<string, unknown>>): string {
  const { level, message, ...fields } = event
  const time = `${new Date().toISOString().slice(0, 19)}Z`
  const pairs: [string, unknown][] = [
    ['time', time],
    ['level', level],
    ['msg', message],
    ...Object.entries(fields),
  ]
  return pairs
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${printValue(value)}`)
    .join(' ')
}

function printValue(value: unknown): string {
  const text = typeof value === 'string' ? value : String(value)
  return PLAIN.test(text) ? text : JSON.stringify(text)
}
