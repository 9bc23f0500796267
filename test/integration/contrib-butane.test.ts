import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { parse as parseToml } from 'smol-toml'
import { parseButane, type ButaneFile, type ButaneStoredFile } from '../support/butane.js'
import { makeContribCertificates } from '../support/contrib-certificates.js'
import { runAirlock } from '../support/run-airlock.js'
import { createSystemdRoot } from '../support/systemd-root.js'
import type { TempFolder } from '../support/temp-folder.js'

const run = promisify(execFile)

const CONTRIB = join(import.meta.dirname, '../../../contrib')
const HOSTS = ['server', 'client'] as const
const CONFIG = '/etc/airlock/config.toml'

/** Zincati's settings, which the client's documentation has: how it updates, and who it is. */
interface ZincatiSettings {
  readonly updates?: {
    readonly strategy: string
    readonly fleet_lock: { readonly base_url: string }
  }
  readonly identity?: { readonly group: string }
}

async function isOnPath(program: string): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  )
  return found.includes(true)
}

/** A unit without its comments, which the Butane file leaves out. */
function bare(unit: string): string {
  return unit
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join('\n')
}

describe('contrib/butane', () => {
  let tls: TempFolder
  const hosts = new Map<string, ButaneFile>()

  before(async () => {
    tls = await makeContribCertificates()
    for (const host of HOSTS) {
      hosts.set(host, parseButane(await readFile(join(CONTRIB, `butane/${host}.bu`), 'utf8')))
    }
  })
  after(() => tls.remove())

  const filesOf = (host: string): readonly ButaneStoredFile[] =>
    hosts.get(host)?.storage.files ?? []
  const inline = (host: string, path: string): string =>
    filesOf(host).find((file) => file.path === path)?.contents.inline ?? ''
  const zincati = (host: string): ZincatiSettings =>
    Object.assign(
      {},
      ...filesOf(host)
        .filter(({ path }) => path.startsWith('/etc/zincati/config.d/'))
        .map(({ contents }) => parseToml(contents.inline ?? '')),
    ) as ZincatiSettings

  it('would find a key that Butane does not know', () => {
    const text = 'variant: fcos\nversion: 1.4.0\nstorage: {files: [{path: /a, modes: 420}]}\n'
    expect(() => parseButane(text)).to.throw('Butane 1.4.0 does not know .storage.files[0].modes')
  })

  for (const host of HOSTS) {
    describe(`${host}.bu`, () => {
      it('takes from the folder of contrib/tls only what is there', async () => {
        const names = filesOf(host).flatMap(({ contents }) => contents.local ?? [])
        expect(names).to.include('ca.pem')
        for (const name of names) await access(tls.file(name))
      })

      it('gives every path once', () => {
        const paths = filesOf(host).map(({ path }) => path)
        expect(paths).to.have.lengthOf(new Set(paths).size)
      })

      it('makes Zincati ask an airlock for a group that it has', () => {
        const { updates, identity } = zincati(host)
        expect(updates?.strategy).to.equal('fleet_lock')
        const url = new URL(updates?.fleet_lock.base_url ?? '')
        expect([url.protocol, url.port, url.pathname]).to.deep.equal(['https:', '3333', '/'])
        const { lock } = parseToml(inline('server', CONFIG)) as unknown as {
          readonly lock: { readonly groups: readonly { readonly name: string }[] }
        }
        expect(lock.groups.map(({ name }) => name)).to.include(identity?.group)
      })

      it('passes butane, where that is installed', async () => {
        if (!(await isOnPath('butane'))) return
        const file = join(CONTRIB, `butane/${host}.bu`)
        await run('butane', ['--strict', '--check', '--files-dir', tls.path, file])
      })
    })
  }

  it('gives the server a configuration without a fault', async () => {
    const text = inline('server', CONFIG).replaceAll('/etc/airlock/tls', tls.path)
    const { exitCode, stderr } = await runAirlock([
      'check-config',
      '-c',
      await tls.write('config.toml', text),
    ])
    expect([exitCode, stderr]).to.deep.equal([0, ''])
  })

  it('puts every file that the configuration names where it says', () => {
    const named = inline('server', CONFIG).match(/\/etc\/airlock\/tls\/[\w.-]+/g) ?? []
    expect(named).to.have.lengthOf(5)
    expect(filesOf('server').map(({ path }) => path)).to.include.members(named)
  })

  it("shows the keys to nobody but the image's user", async () => {
    const [, user] = /^USER (\d+):\d+$/m.exec(
      await readFile(join(CONTRIB, '../Containerfile'), 'utf8'),
    ) ?? ['', '']
    const keys = filesOf('server').filter(({ path }) => path.endsWith('-key.pem'))
    expect(keys.map(({ mode, user: owner }) => ({ mode, owner }))).to.deep.equal([
      { mode: 0o400, owner: { id: Number(user) } },
      { mode: 0o400, owner: { id: Number(user) } },
    ])
  })

  it('runs the unit of contrib/systemd, which verifies', async () => {
    const unit = hosts.get('server')?.systemd?.units.find(({ name }) => name === 'airlock.service')
    const text = unit?.contents ?? ''
    const ours = await readFile(join(CONTRIB, 'systemd/airlock.service'), 'utf8')
    expect(bare(text)).to.equal(bare(ours))
    const root = await createSystemdRoot()
    try {
      await root.add('airlock.service', text)
      expect(await root.verify('airlock.service')).to.equal('')
    } finally {
      await root.remove()
    }
  })
})
