import { expect } from 'chai'
import { readHtpasswd } from '../../../lib/credentials/htpasswd.js'
import { createTempFolder, type TempFolder } from '../../support/temp-folder.js'

// What stands behind the colon is cut off in these: any 53 characters of bcrypt's alphabet will do.
const REST = 'x'.repeat(53)
const KEY = 'service.htpasswd_path'

describe('readHtpasswd', () => {
  let folder: TempFolder

  before(async () => {
    folder = await createTempFolder()
  })
  after(() => folder.remove())

  async function problemsOf(content: string | Uint8Array): Promise<readonly string[]> {
    const file = await folder.write('htpasswd', content)
    const { value, report } = await readHtpasswd({ path: KEY, file })
    expect(value).to.equal(undefined)
    expect(report.problems.every(({ path }) => path === KEY)).to.equal(true)
    return report.problems.map(({ message }) => message.replace(file, 'FILE'))
  }

  it('reads bcrypt entries of every kind, between empty lines and comments', async () => {
    const lines = [`a:$2y$05$${REST}`, '', '# b:nothing', `b:$2b$10$${REST}`, `ü c:$2a$05$${REST} `]
    const file = await folder.write('htpasswd', `\ufeff${lines.join('\r\n')}\r\n`)
    const { value, report } = await readHtpasswd({ path: KEY, file })
    expect(report.problems).to.deep.equal([])
    expect(value?.highestCost).to.equal(10)
    expect([...(value?.hashes ?? [])]).to.deep.equal([
      ['a', `$2y$05$${REST}`],
      ['b', `$2b$10$${REST}`],
      ['ü c', `$2a$05$${REST}`],
    ])
  })

  it('warns where costs differ, because the time of an answer tells of users then', async () => {
    const file = await folder.write('htpasswd', `a:$2y$12$${REST}\nb:$2y$05$${REST}\n`)
    const { report } = await readHtpasswd({ path: KEY, file })
    expect(report.warnings.map(({ message }) => message)).to.deep.equal([
      `${file} has hashes of different costs (5, 12): how long a wrong password takes tells which users exist`,
    ])
  })

  it('names every line that cannot be used, and the scheme, but nothing that may be a secret', async () => {
    const lines = [
      'hunter2',
      'plain:hunter2',
      'md5:$apr1$hunter2$x',
      'sha:{SHA}hunter2',
      `good:$2y$05$${REST}`,
      `good:$2y$05$${REST}`,
      `:$2y$05$${REST}`,
      `slow:$2y$15$${REST}`,
      `fast:$2y$03$${REST}`,
      'short:$2y$05$hunter2',
      'six:$6$hunter2',
    ]
    const advice = 'make it with: htpasswd -B FILE USER'
    const problems = await problemsOf(lines.join('\n'))
    expect(problems).to.deep.equal([
      `FILE, line 1: there is no ":" after a user name; ${advice}`,
      `FILE, line 2: the entry of "plain" is no bcrypt hash; ${advice}`,
      `FILE, line 3: the entry of "md5" is no bcrypt hash, but Apache's MD5; ${advice}`,
      `FILE, line 4: the entry of "sha" is no bcrypt hash, but SHA-1; ${advice}`,
      'FILE, line 6: the user "good" is there already',
      'FILE, line 7: the user name must have 1 to 255 characters',
      'FILE, line 8: the entry of "slow" has the cost 15; 4 to 14 are allowed (htpasswd -C)',
      'FILE, line 9: the entry of "fast" has the cost 3; 4 to 14 are allowed (htpasswd -C)',
      `FILE, line 10: the entry of "short" is no bcrypt hash, but a damaged bcrypt hash; ${advice}`,
      `FILE, line 11: the entry of "six" is no bcrypt hash, but SHA-512-crypt; ${advice}`,
    ])
    expect(problems.join()).to.not.include('hunter2')
  })

  it('refuses a file without users, as one is while it is being written', async () => {
    const problem = 'FILE has no users; make it with: htpasswd -B FILE USER'
    expect(await problemsOf('')).to.deep.equal([problem])
    expect(await problemsOf('# nobody\n')).to.deep.equal([problem])
  })

  it('refuses what is too large, is no text, or is not there', async () => {
    const many = Array.from({ length: 10_001 }, (_, n) => `u${n}:$2y$05$${REST}`).join('\n')
    expect(await problemsOf(many)).to.deep.equal([
      'FILE has 10001 users; at most 10000 are allowed',
    ])
    expect(await problemsOf(Buffer.alloc(1024 * 1024 + 1, 'x'))).to.deep.equal([
      'cannot read FILE: it is larger than 1048576 bytes',
    ])
    expect(await problemsOf(Buffer.from([0x61, 0xff]))).to.deep.equal(['FILE is not UTF-8 text'])
    const { report } = await readHtpasswd({ path: KEY, file: '/nowhere/htpasswd' })
    expect(report.problems).to.deep.equal([
      { path: KEY, message: 'cannot read /nowhere/htpasswd: no such file' },
    ])
  })
})
