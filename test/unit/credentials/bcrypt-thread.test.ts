import { expect } from 'chai'
import { hashSync } from 'bcryptjs'
import { BcryptThread } from '../../../lib/credentials/bcrypt-thread.js'
import { APACHE_ENTRIES } from '../../support/htpasswd.js'

describe('BcryptThread', () => {
  let thread: BcryptThread

  beforeEach(() => {
    thread = new BcryptThread()
  })
  afterEach(() => thread.close())

  for (const { user, password, hash } of APACHE_ENTRIES) {
    it(`knows the password of ${user}, as Apache's htpasswd has written it`, async () => {
      expect(await thread.compare(password, hash)).to.equal(true)
      expect(await thread.compare(`${password} `, hash)).to.equal(false)
    })
  }

  it('answers each question by itself', async () => {
    const hash = hashSync('right', 4)
    const passwords = ['right', 'wrong', 'right', '', 'Right']
    expect(await Promise.all(passwords.map((it) => thread.compare(it, hash)))).to.deep.equal([
      true,
      false,
      true,
      false,
      false,
    ])
  })

  it('leaves the main thread free meanwhile', async () => {
    let turns = 0
    const compared = thread.compare('x', hashSync('y', 4).replace('$04$', '$10$')).then(() => true)
    const turn = (): Promise<boolean> => new Promise((resolve) => setImmediate(resolve, false))
    while (!(await Promise.race([compared, turn()]))) turns += 1
    expect(turns).to.be.greaterThan(10)
  })

  it('rejects what it has not answered when it ends, and all that comes later', async () => {
    const slow = hashSync('x', 4).replace('$04$', '$14$')
    const asked = thread.compare('x', slow).then(
      () => 'answered',
      (error: unknown) => (error as Error).message,
    )
    await thread.close()
    expect(await asked).to.equal('the thread that checks passwords has ended')
    const late = await thread.compare('x', slow).catch((error: unknown) => error)
    expect(late).to.be.an('error')
  })
})
