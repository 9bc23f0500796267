import { expect } from 'chai'
import { GRPCResourceExhastedError, GRPCUnavailableError, type Etcd3 } from 'etcd3'
import { EtcdEndpoints } from '../../../lib/store/etcd-endpoints.js'
import { EtcdStore } from '../../../lib/store/etcd-store.js'
import { StoreError } from '../../../lib/store/store-error.js'
import type { Put } from '../../../lib/store/store.js'
import { FakeClock } from '../../support/fake-clock.js'

type Answer = () => Promise<unknown>

const COMMITTED = { succeeded: true, header: { revision: '5' }, responses: [] }

const committed: Answer = () => Promise.resolve(COMMITTED)
const never: Answer = () => new Promise(() => undefined)

/** What a client does of which a test says, call by call, what becomes of it; the last answer stays. */
function createStore(...answers: readonly Answer[]) {
  const clock = new FakeClock()
  const calls = { transactions: 0, leases: 0 }
  let leaseTakesMs = 0
  const client = {
    kv: {
      txn: () => {
        const answer = answers[Math.min(calls.transactions, answers.length - 1)] ?? committed
        calls.transactions += 1
        return answer()
      },
    },
    leaseClient: {
      leaseGrant: () => {
        calls.leases += 1
        return new Promise((resolve) => clock.schedule(leaseTakesMs, () => resolve({ ID: '1' })))
      },
    },
    close: () => undefined,
  } as unknown as Etcd3
  const endpoints = new EtcdEndpoints({ endpoints: [], clock, createClient: () => client })
  const store = new EtcdStore({ client, endpoints, description: 'etcd', clock })
  const commit = (timeoutMs: number, more: Partial<Put> = {}): Promise<string> =>
    settled(
      clock,
      store.commit(
        { unchanged: [], puts: [{ key: 'a', value: 'v', ...more }], deletes: [] },
        timeoutMs,
      ),
    )
  const read = (timeoutMs: number): Promise<string> =>
    settled(clock, store.read([{ key: 'a' }], timeoutMs))
  const letLeasesTake = (delayMs: number): void => {
    leaseTakesMs = delayMs
  }
  return { clock, calls, commit, read, letLeasesTake }
}

/** `done`, or the kind of the StoreError and its message. */
async function settled(clock: FakeClock, promise: Promise<unknown>): Promise<string> {
  let result: string | undefined
  promise.then(
    () => (result = 'done'),
    (error: unknown) => {
      result = error instanceof StoreError ? `${error.kind}: ${error.message}` : String(error)
    },
  )
  for (let round = 0; round < 1000; round++) {
    await clock.advance(0)
    if (result !== undefined) return result
    await clock.advance(5)
  }
  throw new Error('not settled within 5 s')
}

const failing =
  (error: Error): Answer =>
  () =>
    Promise.reject(error)

describe('EtcdStore', () => {
  it('says of a write that was not answered in time that its outcome is unknown', async () => {
    const { commit, calls } = createStore(never)
    expect(await commit(100)).to.equal('unknown: etcd did not answer in time')
    expect(calls.transactions).to.equal(1)
  })

  it('says of a read that was not answered in time that the store is unavailable', async () => {
    const { read } = createStore(never)
    expect(await read(100)).to.equal('unavailable: etcd did not answer in time')
  })

  for (const text of ['read ECONNRESET', 'Connection dropped']) {
    it(`sends a write only once whose connection broke (${text})`, async () => {
      const broken = failing(new GRPCUnavailableError(`14 UNAVAILABLE: ${text}`))
      const { commit, calls } = createStore(broken, committed)
      expect(await commit(1000)).to.match(/^unknown: the connection broke/)
      expect(calls.transactions).to.equal(1)
    })
  }

  it('sends a write again that never left', async () => {
    const text = '14 UNAVAILABLE: No connection established'
    const { commit, calls } = createStore(failing(new GRPCUnavailableError(text)), committed)
    expect(await commit(1000)).to.equal('done')
    expect(calls.transactions).to.equal(2)
  })

  describe('on an etcd that is out of space', () => {
    const text = '8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded'
    const full = failing(new GRPCResourceExhastedError(text))
    const reason = 'etcd is out of space (NOSPACE): compact, defragment and disarm it'

    it('sends a write only once, and says what to do', async () => {
      const { commit, calls } = createStore(full, committed)
      expect(await commit(1000)).to.equal(`unknown: ${reason}`)
      expect(calls.transactions).to.equal(1)
    })

    it('lets nobody try again at once, and holds nobody up for longer than his time', async () => {
      const { clock, commit } = createStore(full)
      await commit(3000)
      expect(clock.monotonic()).to.be.within(500, 510)
      await commit(100)
      expect(clock.monotonic()).to.be.within(600, 620)
    })

    it('says why to who has no time left for a write, until one is answered', async () => {
      const { commit } = createStore(full, committed)
      await commit(1000)
      expect(await commit(10)).to.equal(`unavailable: ${reason}`)
      expect(await commit(1000)).to.equal('done')
      expect(await commit(10)).to.equal('unavailable: no time was left to write to etcd')
    })
  })

  describe('with little time left', () => {
    it('sends no write that could hardly be answered, and says that nothing happened', async () => {
      for (const timeoutMs of [0, 1, 19]) {
        const { commit, calls } = createStore(committed)
        expect(await commit(timeoutMs)).to.equal('unavailable: no time was left to write to etcd')
        expect(calls.transactions).to.equal(0)
      }
    })

    it('sends no write whose lease took nearly all of it', async () => {
      const { commit, calls, letLeasesTake } = createStore(committed)
      letLeasesTake(95)
      expect(await commit(100, { timeToLiveSeconds: 5 })).to.equal(
        'unavailable: no time was left to write to etcd',
      )
      expect(calls).to.deep.equal({ leases: 1, transactions: 0 })
    })

    it('sends a write that can be answered', async () => {
      const { commit, calls, letLeasesTake } = createStore(committed)
      letLeasesTake(50)
      expect(await commit(20)).to.equal('done')
      expect(await commit(100, { timeToLiveSeconds: 5 })).to.equal('done')
      expect(calls).to.deep.equal({ leases: 1, transactions: 2 })
    })

    it('reads', async () => {
      expect(await createStore(committed).read(1)).to.equal('done')
    })
  })
})
