import { createReadStream } from 'node:fs'
import { MAX_FILE_BYTES } from './bounds.js'
import { MISSING_FILE } from './missing-file.js'
import { parseSettings, type ParsedSettings, type ParseOptions } from './parse-settings.js'

/** What the usual system errors mean to an operator. */
const REASONS: Readonly<Record<string, string>> = {
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
    if (codeOf(error) === 'ENOENT') return { problem: MISSING_FILE }
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
  return REASONS[codeOf(error)] ?? (error instanceof Error ? error.message : String(error))
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
