import { spawnSync } from 'node:child_process'
import { chmod, chown, copyFile, readFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { expect } from 'chai'
import { certificates } from '../support/certificates.js'
import { etcdConfig } from '../support/etcd-config.js'
import { preReboot, steadyState } from '../support/fleetlock-request.js'
import { basicAuthorization, htpasswdOf } from '../support/htpasswd.js'
import { AIRLOCK_PROGRAM } from '../support/run-airlock.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { sharedEtcd } from '../support/shared-etcd.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'
import { uniqueGroup } from '../support/unique-group.js'

const NOBODY = 65_534
const WITHOUT_CAPABILITIES = ['--inh-caps=-all', '--bounding-set=-all', '--no-new-privs']
const AS_NOBODY = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']

const succeeds = (command: string, ...args: readonly string[]): boolean =>
  spawnSync(command, args, { timeout: 5000 }).status === 0

/**
 * The most that this machine lets us take away. As root: another user without any capability, and a
 * read-only root file system where mounts can be made. An ordinary user has nothing that could be taken.
 */
function takingAway(): { readonly wrapper: readonly string[]; readonly uid: number } {
  const uid = process.getuid?.() ?? 0
  if (uid !== 0) return { wrapper: [], uid }
  // A checkout below /root cannot be read by anybody else.
  const mayRead = succeeds('setpriv', ...AS_NOBODY, 'test', '-r', AIRLOCK_PROGRAM)
  const user = mayRead ? AS_NOBODY : []
  const setpriv = ['setpriv', ...user, ...WITHOUT_CAPABILITIES]
  const remount = 'mount -o remount,ro,bind /'
  const script = succeeds('unshare', '--mount', 'sh', '-c', remount)
    ? ['unshare', '--mount', 'sh', '-c', `${remount} && cd / && exec "$@"`, 'sh']
    : ['sh', '-c', 'cd / && exec "$@"', 'sh']
  return { wrapper: [...script, ...setpriv], uid: mayRead ? NOBODY : 0 }
}

describe('without any privilege', () => {
  let folder: TempFolder
  let daemon: Daemon | undefined

  before(async () => {
    folder = await createTempFolder()
    await chmod(folder.path, 0o755)
  })
  afterEach(() => daemon?.kill())
  after(() => folder.remove())

  it('serves over TLS, with passwords, on etcd, as another user on a file system that cannot be written', async () => {
    const { wrapper, uid } = takingAway()
    const files = await certificates()
    const own = async (name: string): Promise<string> => {
      const path = folder.file(name)
      if (process.getuid?.() === 0) await chown(path, uid, uid)
      await chmod(path, 0o400)
      return JSON.stringify(path)
    }
    await copyFile(files.server.certPath, folder.file('cert.pem'))
    await copyFile(files.server.keyPath, folder.file('key.pem'))
    await folder.write('htpasswd', htpasswdOf({ web: 'secret' }))
    const keys = [
      'tls = true',
      `tls_cert_path = ${await own('cert.pem')}`,
      `tls_key_path = ${await own('key.pem')}`,
      `htpasswd_path = ${await own('htpasswd')}`,
    ]
    const group = uniqueGroup()
    const text = etcdConfig(await sharedEtcd('plain'), { groups: [{ name: group }] })
    const config = text.replace('[service]', `[service]\n${keys.join('\n')}`)
    const configPath = await folder.write('config.toml', config)
    await own('config.toml')

    daemon = await runDaemon({ configPath, wrapper })
    await daemon.ready()
    const status = await readFile(`/proc/${daemon.pid}/status`, 'utf8')
    expect(status).to.match(new RegExp(`^Uid:\\s+${uid}\\s`, 'm'))
    expect(status)
      .to.match(/^CapPrm:\s+0+$/m)
      .and.to.match(/^CapEff:\s+0+$/m)

    const agent = new Agent({ ca: await readFile(files.caPath) })
    const url = daemon.serviceUrl.replace(/^http:/, 'https:')
    const options = { agent, headers: basicAuthorization('web', 'secret') }
    const node = { group, id: 'a' }
    expect((await preReboot(url, node, options)).status).to.equal(200)
    expect((await steadyState(url, node, options)).status).to.equal(200)
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null })
    agent.destroy()
  })
})
