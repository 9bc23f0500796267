import { styleText } from 'node:util'

/** What a stream can show: its width in characters, and whether colours are wanted. */
export interface TerminalTraits {
  /** Undefined where nothing should be cut: a pipe or a file. */
  readonly width?: number
  readonly hasColors: boolean
}

/** The traits of standard output. NO_COLOR (no-color.org), set to anything, wants none. */
export function terminalTraits(): TerminalTraits {
  const { isTTY, columns } = process.stdout
  if (!isTTY) return { hasColors: false }
  return { width: columns, hasColors: (process.env['NO_COLOR'] ?? '') === '' }
}

/** Emphasises a text where colours are wanted. */
export function emphasise(
  text: string,
  style: 'bold' | 'dim' | 'red' | 'yellow',
  { hasColors }: TerminalTraits,
): string {
  return hasColors ? styleText(style, text) : text
}
