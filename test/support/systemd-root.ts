import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { createTempFolder } from './temp-folder.js'

const run = promisify(execFile)

const ANALYZE_TIMEOUT_MS = 20_000
const OWN_UNITS = ['/usr/lib/systemd/system', '/lib/systemd/system']

/** What our units start, as the hosts have it: `verify` wants to see each program. */
const PROGRAMS = ['/usr/bin/podman', '/usr/bin/systemctl', '/bin/kill', '/usr/local/bin/airlock']

/** As podman's package brings it. */
const PODMAN_AUTO_UPDATE = `
[Unit]
Wants=network-online.target
After=network-online.target
[Service]
Type=oneshot
ExecStart=/usr/bin/podman auto-update
ExecStartPost=/usr/bin/podman image prune -f
[Install]
WantedBy=default.target
`

/** A folder that systemd takes for the root of a host, with systemd's own units and ours. */
export interface SystemdRoot {
  /** Adds a unit, or a drop-in (`NAME.service.d/FILE.conf`). */
  add(name: string, content: string): Promise<void>
  /** What `systemd-analyze verify` has to say against a unit; an empty string if nothing. */
  verify(name: string): Promise<string>
  remove(): Promise<void>
}

/**
 * Makes a root that has the programs that our units start, as empty files, so that their verification
 * does not depend on what is installed here.
 */
export async function createSystemdRoot(): Promise<SystemdRoot> {
  const folder = await createTempFolder()
  const units = folder.file('etc/systemd/system')
  const write = async (file: string, content: string): Promise<void> => {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
  const ownUnits = folder.file('usr/lib/systemd/system')
  await cp(await findOwnUnits(), ownUnits, { recursive: true, verbatimSymlinks: true })
  await symlink('usr/lib', folder.file('lib'))
  for (const program of PROGRAMS) {
    await write(folder.file(program), '#!/bin/sh\n')
    await chmod(folder.file(program), 0o755)
  }
  await write(join(ownUnits, 'podman-auto-update.service'), PODMAN_AUTO_UPDATE)
  return {
    add: (name, content) => write(join(units, name), content),
    verify: async (name) => {
      const { stdout, stderr } = await analyze([
        'verify',
        '--man=no',
        `--root=${folder.path}`,
        name,
      ])
      return stdout + stderr
    },
    remove: () => folder.remove(),
  }
}

/** The exposure that `systemd-analyze security` gives a unit file, from 0 (none) to 10. */
export async function exposureOf(unitFile: string): Promise<number> {
  const { stdout, stderr } = await analyze(['security', '--offline=true', '--no-pager', unitFile])
  const [, level] = /Overall exposure level for \S+: (\d+\.\d+)/.exec(stdout) ?? []
  if (level === undefined) throw new Error(`no exposure level in: ${stdout}${stderr}`)
  return Number(level)
}

interface Output {
  readonly stdout: string
  readonly stderr: string
}

/** Its exit code says nothing that its output does not. */
async function analyze(args: readonly string[]): Promise<Output> {
  const options = { timeout: ANALYZE_TIMEOUT_MS, env: { ...process.env, SYSTEMD_COLORS: '0' } }
  try {
    return await run('systemd-analyze', args, options)
  } catch (error) {
    const { code, stdout, stderr } = error as Output & { readonly code: unknown }
    if (code === 'ENOENT') {
      throw new Error(
        'systemd-analyze is missing: `npm test` installs it, or type: apt-get install -y systemd',
        { cause: error },
      )
    }
    return {
      stdout,
      stderr: stderr === '' && stdout === '' ? `it failed: ${String(code)}` : stderr,
    }
  }
}

async function findOwnUnits(): Promise<string> {
  for (const path of OWN_UNITS) {
    const found = await stat(path).catch(() => undefined)
    if (found?.isDirectory() === true) return path
  }
  throw new Error('systemd is missing here: `npm test` installs it')
}
