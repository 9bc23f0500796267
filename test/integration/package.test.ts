import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'

const run = promisify(execFile)

const ROOT = join(import.meta.dirname, '../../..')
const PACK_TIMEOUT_MS = 60_000

/** Files that are packed beside whole folders. */
const SINGLE_FILES = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']
const WHOLE_FOLDERS = ['config', 'contrib', 'docs', 'web']

interface Packed {
  readonly files: readonly { readonly path: string }[]
}

/** The files of a folder and all below it, as paths from the root of the repository. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
}

/** What `npm pack` would put into the tarball, of what is compiled now. */
async function packedFiles(): Promise<readonly string[]> {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    timeout: PACK_TIMEOUT_MS,
  })
  const [packed] = JSON.parse(stdout) as readonly Packed[]
  return packed?.files.map(({ path }) => path) ?? []
}

describe('the npm package', () => {
  let packed: readonly string[]

  before(async function () {
    this.timeout(PACK_TIMEOUT_MS)
    packed = await packedFiles()
  })

  it('has the program compiled from each of its sources', () => {
    const sources = [...filesBelow('bin'), ...filesBelow('lib')].filter((path) =>
      path.endsWith('.ts'),
    )
    const compiled = sources.map((path) => `dist/${path.replace(/\.ts$/, '.js')}`)
    expect(packed).to.include.members(compiled)
  })

  it('has nothing but the program, the documents and the samples', () => {
    const others = packed.filter((path) => !/^dist\/(?:bin|lib)\/.*\.js$/.test(path))
    const wanted = [...SINGLE_FILES, ...WHOLE_FOLDERS.flatMap(filesBelow)]
    expect([...others].sort()).to.deep.equal(wanted.sort())
  })
})
