import { expect } from 'chai'
import { hashSync } from 'bcryptjs'
import type { PasswordComparer } from '../../../lib/credentials/bcrypt-thread.js'
import type { Htpasswd } from '../../../lib/credentials/htpasswd.js'
import { CredentialsGate, type Admission } from '../../../lib/http/credentials-gate.js'
import { FakeClock } from '../../support/fake-clock.js'
import { basicAuthorization } from '../../support/htpasswd.js'

/** A hash that says its password, of a cost; nobody here computes bcrypt. */
function hashOf(password: string, cost = '10'): string {
  return `$2y$${cost}$${password}`
}

function htpasswdOf(hashes: Readonly<Record<string, string>>, highestCost = 10): Htpasswd {
  return { hashes: new Map(Object.entries(hashes)), highestCost }
}

class CountingComparer implements PasswordComparer {
  readonly asked: (readonly [password: string, hash: string])[] = []
  isBroken = false
  atOnce = 0
  mostAtOnce = 0
  #release: (() => void) | undefined
  #held: Promise<void> | undefined

  async compare(password: string, hash: string): Promise<boolean> {
    if (this.isBroken) throw new Error('no thread')
    this.asked.push([password, hash])
    this.atOnce += 1
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce)
    await this.#held
    this.atOnce -= 1
    return hash.slice(7) === password
  }

  hold(): void {
    this.#held = new Promise((resolve) => (this.#release = resolve))
  }

  release(): void {
    this.#release?.()
    this.#held = undefined
  }
}

describe('CredentialsGate', () => {
  let clock: FakeClock
  let comparer: CountingComparer
  let gate: CredentialsGate

  beforeEach(() => {
    clock = new FakeClock()
    comparer = new CountingComparer()
    gate = new CredentialsGate(htpasswdOf({ web: hashOf('secret'), ops: hashOf('other') }), {
      clock,
      comparer,
    })
  })

  const ask = (
    user: string,
    password: string,
    address = '192.0.2.1',
    isGone = () => false,
  ): Promise<Admission> =>
    gate.check(basicAuthorization(user, password).authorization, address, isGone)

  const WRONG = { refusal: 'wrong' }
  const LIMITED = { refusal: 'limited' }

  it('lets everybody in while there is no password file', async () => {
    gate.replace(undefined)
    expect(gate.isClosed).to.equal(false)
    expect(await gate.check(undefined, '192.0.2.1', () => false)).to.deep.equal({ user: undefined })
    expect(await ask('nobody', 'x')).to.deep.equal({ user: undefined })
  })

  it('lets in who knows the password, and nobody else', async () => {
    expect(await ask('web', 'secret')).to.deep.equal({ user: 'web' })
    expect(await ask('web', 'Secret')).to.deep.equal(WRONG)
    expect(await ask('web', 'other')).to.deep.equal(WRONG)
    expect(await ask('nobody', 'secret')).to.deep.equal(WRONG)
    expect(await ask('__proto__', 'secret')).to.deep.equal(WRONG)
  })

  it('compares nothing where there are no credentials, however often', async () => {
    for (let i = 0; i < 100; i += 1) {
      const admission = await gate.check('Basic !', '192.0.2.1', () => false)
      expect(admission).to.deep.equal({ refusal: 'missing' })
    }
    expect(comparer.asked).to.deep.equal([])
    expect(await ask('web', 'secret')).to.deep.equal({ user: 'web' })
  })

  it('compares the password of an unknown user too, with a hash of the highest cost', async () => {
    gate.replace(htpasswdOf({ web: hashOf('secret', '05'), ops: hashOf('other', '12') }, 12))
    await ask('nobody', 'secret')
    expect(comparer.asked).to.have.length(1)
    const [[password, hash] = ['', '']] = comparer.asked
    expect(password).to.equal('secret')
    expect(hash).to.match(/^\$2b\$12\$[./A-Za-z0-9]{53}$/)
    expect(() => hashSync('x', hash.slice(0, 29).replace('$12$', '$04$'))).to.not.throw()
  })

  it('compares good credentials once', async () => {
    for (let i = 0; i < 5; i += 1) await ask('web', 'secret', `192.0.2.${i}`)
    expect(comparer.asked).to.have.length(1)
  })

  it('remembers 10 000 good credentials, and of more those that were used last', async () => {
    const users = Array.from({ length: 10_001 }, (_, i) => `u${i}`)
    gate.replace(htpasswdOf(Object.fromEntries(users.map((user) => [user, hashOf('secret')]))))
    for (const user of users.slice(0, 10_000)) await ask(user, 'secret')
    await ask('u0', 'secret')
    await ask('u10000', 'secret')
    expect(comparer.asked).to.have.length(10_001)
    await ask('u0', 'secret')
    expect(comparer.asked).to.have.length(10_001)
    await ask('u1', 'secret')
    expect(comparer.asked).to.have.length(10_002)
  })

  it('compares good credentials once, also where they come at the same time', async () => {
    comparer.hold()
    const asked = Array.from({ length: 20 }, (_, i) => ask('web', 'secret', `192.0.2.${i}`))
    await clock.advance(0)
    comparer.release()
    const users = (await Promise.all(asked)).map((it) => ('user' in it ? it.user : undefined))
    expect(new Set(users)).to.deep.equal(new Set(['web']))
    expect(comparer.asked).to.have.length(1)
  })

  it('compares one password at a time', async () => {
    await Promise.all(['a', 'b', 'c', 'secret'].map((password) => ask('web', password)))
    expect(comparer.asked).to.have.length(4)
    expect(comparer.mostAtOnce).to.equal(1)
  })

  it('compares again what has changed in the file, and only that', async () => {
    await ask('web', 'secret')
    await ask('ops', 'other')
    gate.replace(htpasswdOf({ web: hashOf('changed'), ops: hashOf('other') }))
    expect(await ask('web', 'secret')).to.deep.equal(WRONG)
    expect(await ask('web', 'changed')).to.deep.equal({ user: 'web' })
    expect(await ask('ops', 'other')).to.deep.equal({ user: 'ops' })
    expect(comparer.asked).to.have.length(4)
  })

  it('lets nobody in who has been taken out of the file', async () => {
    await ask('web', 'secret')
    gate.replace(htpasswdOf({ ops: hashOf('other') }))
    expect(await ask('web', 'secret')).to.deep.equal(WRONG)
  })

  it('judges by the file of the moment in which the turn comes', async () => {
    comparer.hold()
    const first = ask('ops', 'other')
    const second = ask('web', 'secret')
    await clock.advance(0)
    gate.replace(htpasswdOf({ ops: hashOf('other') }))
    comparer.release()
    expect(await first).to.deep.equal({ user: 'ops' })
    expect(await second).to.deep.equal(WRONG)
  })

  it('stops comparing after ten wrong ones of an address, and goes on when time has passed', async () => {
    for (let i = 0; i < 10; i += 1) expect(await ask('web', `guess ${i}`)).to.deep.equal(WRONG)
    expect(await ask('web', 'one more')).to.deep.equal(LIMITED)
    expect(await ask('ops', 'other')).to.deep.equal(LIMITED)
    expect(comparer.asked).to.have.length(10)
    await clock.advance(6000)
    expect(await ask('ops', 'other')).to.deep.equal({ user: 'ops' })
  })

  it('does not let an address guess more by guessing all at once', async () => {
    const guesses = Array.from({ length: 100 }, (_, i) => ask('web', `guess ${i}`))
    const answers = await Promise.all(guesses)
    expect(answers.filter((it) => 'refusal' in it && it.refusal === 'wrong')).to.have.length(10)
    expect(comparer.asked).to.have.length(10)
  })

  it('lets in from the same address who is known already, and everybody from another', async () => {
    await ask('web', 'secret')
    for (let i = 0; i < 20; i += 1) await ask('web', 'wrong')
    expect(await ask('web', 'secret')).to.deep.equal({ user: 'web' })
    expect(await ask('ops', 'other', '192.0.2.2')).to.deep.equal({ user: 'ops' })
  })

  it('does not count good ones against an address', async () => {
    const users = Array.from({ length: 50 }, (_, i) => `u${i}`)
    gate.replace(htpasswdOf(Object.fromEntries(users.map((user) => [user, hashOf('secret')]))))
    const answers = await Promise.all(users.map((user) => ask(user, 'secret')))
    expect(answers).to.deep.equal(users.map((user) => ({ user })))
  })

  it('lets 256 wait, and turns more away', async () => {
    comparer.hold()
    const asked = Array.from({ length: 257 }, (_, i) => ask('web', 'wrong', `192.0.2.${i % 250}`))
    expect(await asked[256]).to.deep.equal({ refusal: 'busy' })
    comparer.release()
    expect((await Promise.all(asked.slice(0, 256))).every((it) => 'refusal' in it)).to.equal(true)
    expect(await ask('web', 'secret', '192.0.2.254')).to.deep.equal({ user: 'web' })
  })

  it('compares nothing for a client that has gone', async () => {
    const admission = await ask('web', 'secret', '192.0.2.1', () => true)
    expect(admission).to.deep.equal({ refusal: 'gone' })
    expect(comparer.asked).to.deep.equal([])
  })

  it('goes on after a comparison that has failed', async () => {
    comparer.isBroken = true
    const failure = await ask('web', 'secret').catch((error: unknown) => error)
    expect(failure).to.be.an('error')
    comparer.isBroken = false
    expect(await ask('web', 'secret')).to.deep.equal({ user: 'web' })
  })
})
