import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { embeddedConfig } from '../support/embedded-config.js'
import { runAirlock } from '../support/run-airlock.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { createSystemdRoot, exposureOf, type SystemdRoot } from '../support/systemd-root.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

const FOLDER = join(import.meta.dirname, '../../../contrib/systemd')
const DROP_IN = 'podman-auto-update.service.d/airlock.conf'
const SERVICES = readdirSync(FOLDER).filter((name) => name.endsWith('.service'))

/** The sections and keys of podman-systemd.unit(5), podman 4.4, that our quadlet may use. */
const QUADLET_KEYS = [
  'AutoUpdate',
  'ContainerName',
  'DropCapability',
  'Exec',
  'HealthCmd',
  'HealthInterval',
  'HealthStartPeriod',
  'Image',
  'Network',
  'NoNewPrivileges',
  'ReadOnly',
  'Volume',
]

function contrib(name: string): Promise<string> {
  return readFile(join(FOLDER, name), 'utf8')
}

/** The values of a key, with continued lines joined. */
function valuesOf(text: string, key: string): readonly string[] {
  return text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1))
}

/** The arguments of the `airlock` that a unit starts. */
async function airlockArgs(unit: string): Promise<readonly string[]> {
  const command = valuesOf(await contrib(unit), 'ExecStart').find((line) =>
    line.startsWith('/usr/local/bin/airlock '),
  )
  return (command ?? '').split(' ').slice(1)
}

describe('contrib/systemd', () => {
  describe('systemd-analyze verify', () => {
    let root: SystemdRoot

    before(async () => {
      root = await createSystemdRoot()
      for (const name of [...SERVICES, DROP_IN]) await root.add(name, await contrib(name))
    })
    after(() => root.remove())

    for (const name of [...SERVICES, 'podman-auto-update.service']) {
      it(`has nothing against ${name}`, async () => {
        expect(await root.verify(name)).to.equal('')
      })
    }

    it('would find a mistake', async () => {
      const unit = await contrib('airlock-native.service')
      const wrong = unit
        .replace('NoNewPrivileges=', 'NoNewPrivilege=')
        .replace('/usr/local/bin/airlock', '/usr/local/bin/nothing')
      await root.add('wrong.service', wrong)
      const said = await root.verify('wrong.service')
      expect(said).to.include("Unknown key 'NoNewPrivilege'")
      expect(said).to.include('/usr/local/bin/nothing is not executable')
    })
  })

  for (const name of ['airlock-native.service', 'airlock-release.service']) {
    it(`exposes ${name} to at most 2.0 of 10`, async () => {
      expect(await exposureOf(join(FOLDER, name))).to.be.at.most(2)
    })

    it(`lets Node.js compile: ${name} may write machine code`, async () => {
      expect(valuesOf(await contrib(name), 'MemoryDenyWriteExecute')).to.deep.equal([])
    })
  }

  it('ends a release of the last boot before a reboot asks for its slot', async () => {
    const unit = await contrib('airlock-reboot.service')
    const release = 'airlock-release.service'
    expect(valuesOf(unit, 'Conflicts')).to.deep.equal([release])
    expect(valuesOf(unit, 'After').flatMap((value) => value.split(' '))).to.include(release)
  })

  it('lets who asks read what the group airlock may: as root, or as one of the group', async () => {
    const [reboot, release] = [
      await contrib('airlock-reboot.service'),
      await contrib('airlock-release.service'),
    ]
    expect([valuesOf(reboot, 'User'), valuesOf(reboot, 'DynamicUser')]).to.deep.equal([[], []])
    expect(valuesOf(release, 'DynamicUser')).to.deep.equal(['yes'])
    expect(valuesOf(release, 'Group')).to.deep.equal(['airlock'])
  })

  it('gives Node.js the same settings as the image has', async () => {
    const image = await readFile(join(FOLDER, '../../Containerfile'), 'utf8')
    const inImage = image.split('\n').filter((line) => line.startsWith('ENV NODE_'))
    const [inService = ''] = valuesOf(await contrib('airlock-native.service'), 'Environment')
    const [, plain, quoted] =
      /^(NODE_ENV=production .*)"NODE_OPTIONS=([^"]+)"$/.exec(inService) ?? []
    expect(inImage).to.deep.equal([`ENV ${plain}NODE_OPTIONS="${quoted}"`])
  })

  it('uses in the quadlet only what podman 4.4 knows', async () => {
    const text = await contrib('airlock.container')
    const [, section = ''] = text.split('[Container]\n')
    const keys = (section.split('\n[')[0] ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('=')[0])
    expect(QUADLET_KEYS).to.include.members(keys)
    expect(keys).to.include.members(['Image', 'Exec', 'Volume'])
  })

  it('starts the same container with the quadlet as with podman run', async () => {
    const run = valuesOf(await contrib('airlock.service'), 'ExecStart').join(' ')
    const quadlet = await contrib('airlock.container')
    for (const key of ['Image', 'Exec', 'Volume', 'ContainerName', 'HealthCmd']) {
      const [value = 'missing'] = valuesOf(quadlet, key)
      expect(run, key).to.include(value)
    }
  })

  it('makes the user that the native service runs as, and folders that its group can read', async () => {
    expect(await contrib('sysusers.conf')).to.match(/^u airlock - "[^"]+" \/var\/lib\/airlock$/m)
    const lines = (await contrib('tmpfiles.conf')).split('\n').filter((line) => /^[a-z]/.test(line))
    for (const line of lines) {
      expect(line).to.match(/^d \/etc\/airlock(?:\/tls)?\s+0750 root airlock -$/)
    }
    expect(valuesOf(await contrib('airlock-native.service'), 'User')).to.deep.equal(['airlock'])
  })

  describe('the units of a machine', () => {
    let folder: TempFolder
    let daemon: Daemon
    let environment: Record<string, string>

    beforeEach(async () => {
      folder = await createTempFolder()
      daemon = await runDaemon({ config: embeddedConfig() })
      await daemon.ready()
      const lines = (await contrib('client.env')).split('\n').filter((line) => /^[A-Z]/.test(line))
      environment = {
        ...(Object.fromEntries(lines.map((line) => line.split('='))) as Record<string, string>),
        AIRLOCK_CLIENT_URL: daemon.serviceUrl,
        AIRLOCK_CLIENT_MACHINE_ID: await folder.write(
          'machine-id',
          '1c09ca98649c4c7abc779cd04c96812e\n',
        ),
      }
    })
    afterEach(async () => {
      await daemon.kill()
      await folder.remove()
    })

    const granted = /giving green flag to pre-reboot .*outcome=acquired/
    const released = /giving green flag to steady-state .*outcome=released/

    it('take a slot before the reboot, and give it back after it', async () => {
      const lock = await runAirlock(await airlockArgs('airlock-reboot.service'), { environment })
      expect(lock.exitCode).to.equal(0)
      await daemon.logged(granted)
      const release = await runAirlock(await airlockArgs('airlock-release.service'), {
        environment,
      })
      expect(release.exitCode).to.equal(0)
      await daemon.logged(released)
    })

    it('hold a slot while podman updates the containers', async () => {
      const args = await airlockArgs(DROP_IN)
      const dashes = args.indexOf('--')
      expect(args.slice(dashes)).to.deep.equal(['--', '/usr/bin/podman', 'auto-update'])
      const command = [process.execPath, '-e', 'process.stdout.write("updated")']
      const { exitCode, stdout } = await runAirlock([...args.slice(0, dashes + 1), ...command], {
        environment: { ...environment, XDG_RUNTIME_DIR: folder.path },
      })
      expect([exitCode, stdout]).to.deep.equal([0, 'updated'])
      await daemon.logged(granted)
      await daemon.logged(released)
    })
  })
})
