import { createReadStream } from 'node:fs'
import { MAX_FILE_BYTES } from './bounds.js'
import { parseSettings, type ParsedSettings, type ParseOptions } from './parse-settings.js'

/** What the usual system errors mean to an operator. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of its path is no folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'its name is too long',
}

/**
 * Reads and parses a configuration file, see {@link parseSettings}. A file that cannot be read, is
 * too large (1 MiB) or is not UTF-8 is one problem whose path is the file; it never rejects.
 */
export async function loadSettings(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
  options: ParseOptions,
): Promise<ParsedSettings> {
  const content = await readText(file)
  if ('problem' in content) return { problems: [{ path: file, message: content.problem }] }
  return parseSettings(content.text, environment, options)
}

/** One byte more than allowed is read at most, so that a pipe or a device does no harm either. */
async function readText(
  file: string,
): Promise<{ readonly text: string } | { readonly problem: string }> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of createReadStream(file, { end: MAX_FILE_BYTES })) {
      chunks.push(chunk as Buffer)
    }
  } catch (error) {
    return { problem: `cannot be read: ${reasonOf(error)}` }
  }
  const bytes = Buffer.concat(chunks)
  if (bytes.length > MAX_FILE_BYTES) {
    return { problem: `is too large: a configuration has at most ${MAX_FILE_BYTES} bytes` }
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return { problem: 'is not UTF-8 text' }
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return REASONS[code] ?? error.message
}
