import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** Something wrong with a file: the TOML path of the key that names it, and a text that names it too. */
export interface FileProblem {
  readonly path: string
  readonly message: string
}

/** A file, and the TOML path of the key that names it. */
export interface NamedFile {
  readonly path: string
  readonly file: string
}

/** Largest file that is read, in bytes: the system's roots take a fifth of it, 10 000 users all. */
export const MAX_CREDENTIAL_FILE_BYTES = 1024 * 1024

/** What was found in files: enough to judge them by, and to tell whether they have changed. */
export interface FileFindings {
  readonly problems: readonly FileProblem[]
  readonly warnings: readonly FileProblem[]
  /** The same for two readings whose files were all alike, those included that could not be read. */
  readonly fingerprint: string
}

/**
 * What was found while the files of one purpose were read: collected, so that the operator reads all of
 * it at once.
 */
export class FileReport implements FileFindings {
  readonly problems: FileProblem[] = []
  readonly warnings: FileProblem[] = []
  readonly #digest = createHash('sha256')

  get fingerprint(): string {
    return this.#digest.copy().digest('base64')
  }

  problem(path: string, message: string): void {
    this.problems.push({ path, message })
  }

  warning(path: string, message: string): void {
    this.warnings.push({ path, message })
  }

  /** The content of a file; undefined after a problem, which it reports. */
  async read({ path, file }: NamedFile): Promise<Buffer | undefined> {
    const content = await readBounded(file)
    this.#digest.update(`${file}\0`)
    if ('problem' in content) {
      this.#digest.update(`!${content.problem}\0`)
      this.problem(path, `cannot read ${file}: ${content.problem}`)
      return undefined
    }
    this.#digest.update(`${content.bytes.length}\0`).update(content.bytes)
    return content.bytes
  }
}

/** Of a named pipe without a writer, opening would otherwise wait for one, and hold a thread meanwhile. */
const AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK

/** One byte more than allowed is read at most, so that a device does no harm either. */
async function readBounded(
  file: string,
): Promise<{ readonly bytes: Buffer } | { readonly problem: string }> {
  const chunks: Buffer[] = []
  try {
    const handle = await open(file, AT_ONCE)
    // The stream closes the file, however it ends.
    for await (const chunk of handle.createReadStream({ end: MAX_CREDENTIAL_FILE_BYTES })) {
      chunks.push(chunk as Buffer)
    }
  } catch (error) {
    return { problem: reasonOf(error) }
  }
  const bytes = Buffer.concat(chunks)
  if (bytes.length <= MAX_CREDENTIAL_FILE_BYTES) return { bytes }
  return { problem: `it is larger than ${MAX_CREDENTIAL_FILE_BYTES} bytes` }
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return 'no such file'
  if (code === 'EACCES') return 'permission denied'
  if (code === 'EISDIR') return 'it is a folder'
  return error instanceof Error ? error.message : String(error)
}
