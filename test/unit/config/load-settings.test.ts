import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { MAX_FILE_BYTES } from '../../../lib/config/bounds.js'
import { loadSettings } from '../../../lib/config/load-settings.js'
import { EMBEDDED, settingsOf } from './parse-helpers.js'

const OPTIONS = { nodeMajor: 20 }

describe('loadSettings', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'airlock-config-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  async function load(content: string | Buffer): Promise<[string, unknown]> {
    const file = join(folder, 'config.toml')
    await writeFile(file, content)
    return [file, await loadSettings(file, {}, OPTIONS)]
  }

  it('reads a file', async () => {
    const [, loaded] = await load(EMBEDDED)
    expect(loaded).to.deep.equal({ settings: settingsOf(EMBEDDED), warnings: [] })
  })

  it('reads a file with a byte order mark and Windows line ends', async () => {
    const [, loaded] = await load(`\ufeff${EMBEDDED.replaceAll('\n', '\r\n')}`)
    expect(loaded).to.deep.equal({ settings: settingsOf(EMBEDDED), warnings: [] })
  })

  it('passes the environment on', async () => {
    const environment = { AIRLOCK__STORE__KIND: 'x' }
    const file = join(folder, 'config.toml')
    await writeFile(file, EMBEDDED)
    expect(await loadSettings(file, environment, OPTIONS)).to.deep.equal({
      problems: [
        { path: 'AIRLOCK__STORE__KIND', message: 'expected "etcd" or "embedded", got "x"' },
      ],
    })
  })

  it('says that a file does not exist', async () => {
    const path = join(folder, 'none.toml')
    expect(await loadSettings(path, {}, OPTIONS)).to.deep.equal({
      problems: [{ path, message: 'cannot be read: there is no such file' }],
    })
  })

  it('says that a folder is one', async () => {
    expect(await loadSettings(folder, {}, OPTIONS)).to.deep.equal({
      problems: [{ path: folder, message: 'cannot be read: it is a folder' }],
    })
  })

  it('says that a file may not be read', async () => {
    const [path] = await load(EMBEDDED)
    await chmod(path, 0)
    const loaded = await loadSettings(path, {}, OPTIONS)
    // root reads everything.
    if (process.getuid?.() === 0) expect(loaded).to.have.property('settings')
    else {
      expect(loaded).to.deep.equal({
        problems: [{ path, message: 'cannot be read: permission denied' }],
      })
    }
  })

  it('reads a file of the largest size, and no larger one', async () => {
    const fill = (bytes: number): string => `${EMBEDDED}\n#`.padEnd(bytes, ' ')
    expect((await load(fill(MAX_FILE_BYTES)))[1]).to.have.property('settings')
    const [path, loaded] = await load(fill(MAX_FILE_BYTES + 1))
    expect(loaded).to.deep.equal({
      problems: [{ path, message: 'is too large: a configuration has at most 1048576 bytes' }],
    })
  })

  it('does not read an endless device to its end', async () => {
    expect(await loadSettings('/dev/zero', {}, OPTIONS)).to.have.nested.property(
      'problems[0].message',
      'is too large: a configuration has at most 1048576 bytes',
    )
  })

  it('says that a file is not text', async () => {
    const [path, loaded] = await load(Buffer.from([0x61, 0xff]))
    expect(loaded).to.deep.equal({ problems: [{ path, message: 'is not UTF-8 text' }] })
  })
})
