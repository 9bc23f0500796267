import { expect } from 'chai'
import { embeddedConfig } from '../support/embedded-config.js'
import { runAirlock, type AirlockResult } from '../support/run-airlock.js'
import { runDaemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

describe('the group of a command', () => {
  let folder: TempFolder

  before(async () => {
    folder = await createTempFolder()
    const groups = { patroni: 1, web: 1 }
    const text = embeddedConfig({ path: folder.file('airlock.db'), groups })
    const configPath = await folder.write('a.toml', text)
    const daemon = await (await runDaemon({ configPath })).ready()
    await daemon.stop()
  })
  after(() => folder.remove())

  const airlock = (args: readonly string[], variable?: string): Promise<AirlockResult> =>
    runAirlock(['-c', folder.file('a.toml'), ...args], {
      environment: variable === undefined ? {} : { AIRLOCK_GROUP: variable },
    })

  /** Which groups a command shows, by how each names them. */
  const SHOWN = {
    status: /^(default|patroni|web) /gm,
    windows: /^(default|patroni|web) \(/gm,
    events: / (default|patroni|web) /gm,
  } as const
  const ALL = ['default', 'patroni', 'web']

  for (const [command, pattern] of Object.entries(SHOWN)) {
    it(`is an argument, an option or the environment's for ${command}`, async () => {
      const shown = async (args: readonly string[], variable?: string): Promise<unknown> => {
        const { stdout } = await airlock([command, ...args], variable)
        return [...new Set([...stdout.matchAll(pattern)].map(([, name]) => name))].sort()
      }
      expect(await shown([])).to.deep.equal(ALL)
      expect(await shown([], '')).to.deep.equal(ALL)
      expect(await shown(['web'])).to.deep.equal(['web'])
      expect(await shown(['-g', 'web'])).to.deep.equal(['web'])
      expect(await shown([], 'web')).to.deep.equal(['web'])
      expect(await shown(['patroni'], 'web')).to.deep.equal(['patroni'])
      const { exitCode, stderr } = await airlock([command, 'patroni', '-g', 'web'])
      expect([exitCode, stderr.split('\n')[0]]).to.deep.equal([2, 'error: name one group'])
    })
  }

  for (const args of [['pause', '--reason', 'x'], ['resume']]) {
    it(`is never the environment's for ${args[0] ?? ''}`, async () => {
      const refused = await airlock(args, 'web')
      expect([refused.exitCode, refused.stderr.split('\n')[0]]).to.deep.equal([
        2,
        'error: AIRLOCK_GROUP is set: name --group web, or --all for all groups',
      ])
      const both = await airlock([...args, '--all', '-g', 'web'])
      expect([both.exitCode, both.stderr.split('\n')[0]]).to.deep.equal([
        2,
        'error: name either --group or --all',
      ])
      // All groups are still paused by the test before.
      const said = args[0] === 'pause' ? 'is paused' : 'is not paused by itself any more'
      const one = await airlock([...args, '-g', 'patroni'], 'web')
      expect([one.exitCode, one.stdout]).to.deep.equal([0, `the group patroni ${said}\n`])
      for (const variable of ['web', undefined]) {
        const { exitCode, stdout } = await airlock([...args, '--all'], variable)
        expect([exitCode, /all groups/.test(stdout)]).to.deep.equal([0, true])
      }
    })
  }
})
