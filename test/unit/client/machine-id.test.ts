import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect } from 'chai'
import {
  appSpecificId,
  parseAppId,
  readAppSpecificId,
  ZINCATI_APP_ID,
} from '../../../lib/client/machine-id.js'
import { createTempFolder, type TempFolder } from '../../support/temp-folder.js'

const MACHINE_ID = '1c09ca98649c4c7abc779cd04c96812e'
const ID = '978a225b3d7b40e9acd7ce9b62f68444'
const SYSTEMD_ID128 = '/usr/bin/systemd-id128'

describe("the machine's id", () => {
  let folder: TempFolder

  beforeEach(async () => {
    folder = await createTempFolder()
  })
  afterEach(() => folder.remove())

  const read = async (text: string) => readAppSpecificId(await folder.write('id', text))

  it('is hashed as Zincati hashes it', () => {
    expect(appSpecificId(MACHINE_ID, ZINCATI_APP_ID)).to.equal(ID)
  })

  it('is hashed as systemd hashes it, where systemd is here to be asked', async () => {
    // Debian has the program without a running systemd; a machine without it has the vector above.
    if (!existsSync(SYSTEMD_ID128) || !existsSync('/etc/machine-id')) return
    for (const appId of [ZINCATI_APP_ID, '00112233445566778899aabbccddeeff']) {
      const { stdout } = await promisify(execFile)(SYSTEMD_ID128, [
        'machine-id',
        `--app-specific=${appId}`,
      ])
      expect(await readAppSpecificId('/etc/machine-id', appId)).to.deep.equal({ id: stdout.trim() })
    }
  })

  it('is read with or without a newline at the end, and in upper case', async () => {
    for (const text of [MACHINE_ID, `${MACHINE_ID}\n`, MACHINE_ID.toUpperCase()]) {
      expect(await read(text)).to.deep.equal({ id: ID })
    }
  })

  for (const [text, problem] of [
    ['', 'expected 32 hex characters on one line'],
    ['uninitialized\n', 'expected 32 hex characters on one line'],
    [`${MACHINE_ID}0`, 'expected 32 hex characters on one line'],
    [` ${MACHINE_ID}`, 'expected 32 hex characters on one line'],
    ['0'.repeat(32), 'it is all zeros'],
  ] as const) {
    it(`is refused: ${JSON.stringify(text)}`, async () => {
      expect(await read(text)).to.deep.equal({
        problem: `${folder.file('id')} has no machine id: ${problem}`,
      })
    })
  }

  it('is said to be missing where there is no file', async () => {
    expect(await readAppSpecificId(folder.file('none'))).to.deep.equal({
      problem: `${folder.file('none')} cannot be read: there is no such file`,
    })
  })

  it('takes an application id as hex or as a UUID, in either case', () => {
    const uuid = 'DE35106B-6EC2-4688-B63A-FDDAA156679B'
    expect([uuid, uuid.replaceAll('-', ''), '-'.repeat(32), 'de35'].map(parseAppId)).to.deep.equal([
      ZINCATI_APP_ID,
      ZINCATI_APP_ID,
      undefined,
      undefined,
    ])
  })
})
