/** Whether a text can be told to people as one line: not blank, not too long, no control characters. */
export function isOneLine(text: string, maxLength: number): boolean {
  return text.trim() !== '' && text.length <= maxLength && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)
}
