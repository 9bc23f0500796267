import {
  deviates,
  fails,
  mustBeDone,
  mustBeRefused,
  describe,
  type Case,
  type Finding,
} from './case.js'
import { NoAnswerError, TimeoutError, type Answer } from './http-client.js'
import { isDone, MAX_SLOTS, type Session } from './session.js'

/** How many machines beyond the slots ask at once. */
const RIVALS = 20

const NOT_COUNTED = deviates(`the group has more than ${MAX_SLOTS} slots, so they were not filled`)

/** Runs `attempt` while all slots are held by these machines. */
async function whileFull(
  session: Session,
  attempt: (holders: readonly [string, ...string[]]) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  if (session.slots === undefined) return [NOT_COUNTED]
  const holders = await session.take(session.slots)
  try {
    const [first, ...others] = holders
    if (first === undefined || holders.length < session.slots) {
      return [fails(`only ${holders.length} of ${session.slots} slots were granted`)]
    }
    return await attempt([first, ...others])
  } finally {
    await session.release(holders)
  }
}

/** Asks for a slot where there is none; a server may let the machine wait. */
async function askInVain(session: Session, what: string): Promise<readonly Finding[]> {
  try {
    const answer = await session.lock(session.newId())
    const findings = mustBeRefused(what, answer)
    if (findings.length > 0 || answer.status < 500) return findings
    return [deviates(`full is answered ${describe(answer)}: it looks like a broken server`)]
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    return [deviates('the server lets a machine wait for a slot; Zincati does, for 30 minutes')]
  }
}

function settle(answers: readonly Promise<Answer>[]): Promise<readonly (Answer | undefined)[]> {
  const orNothing = (error: unknown): undefined => {
    if (!(error instanceof NoAnswerError)) throw error
  }
  return Promise.all(answers.map((answer) => answer.catch(orNothing)))
}

/** Slots, holders, and who gets what. */
export const LOCK_CASES: readonly Case[] = [
  {
    name: 'lock.granted',
    rule: 'a pre-reboot is answered 2xx while a slot is free',
    async run(session) {
      const id = session.newId()
      const answer = await session.lock(id)
      await session.unlock(id)
      return mustBeDone('a pre-reboot', answer)
    },
  },
  {
    name: 'lock.recursive',
    rule: 'a holder may lock again as often as it likes, and succeeds',
    async run(session) {
      const id = session.newId()
      const findings: Finding[] = []
      for (let n = 1; n <= 3; n++) {
        findings.push(...mustBeDone(`pre-reboot ${n} of one machine`, await session.lock(id)))
      }
      await session.unlock(id)
      return findings
    },
  },
  {
    name: 'lock.recursive-while-full',
    rule: 'a holder that locks again succeeds although all slots are held',
    run: (session) =>
      whileFull(session, async (holders) => {
        const findings: Finding[] = []
        for (const id of holders) {
          findings.push(...mustBeDone('a holder that locked again', await session.lock(id)))
        }
        return findings
      }),
  },
  {
    name: 'lock.recursive-is-one-slot',
    rule: 'a holder that has locked three times holds one slot, and one release frees it',
    async run(session) {
      if (session.slots === undefined) return [NOT_COUNTED]
      const others = await session.take(session.slots - 1)
      const id = session.newId()
      for (let n = 0; n < 3; n++) await session.lock(id)
      const [released, isFree] = [await session.unlock(id), await session.hasFreeSlot()]
      for (let n = 0; n < 3; n++) await session.unlock(id)
      await session.release(others)
      return [
        ...mustBeDone('the release', released),
        ...(isFree ? [] : [fails('after one release the slot is still held')]),
      ]
    },
  },
  {
    name: 'unlock.holder',
    rule: 'a steady-state of a holder is answered 2xx and frees its slot for another machine',
    run: (session) =>
      whileFull(session, async ([holder]) => {
        const answer = await session.unlock(holder)
        const isFree = await session.hasFreeSlot()
        return [
          ...mustBeDone('the release', answer),
          ...(isFree ? [] : [fails('the slot is not free after its release')]),
        ]
      }),
  },
  {
    name: 'unlock.recursive',
    rule: 'a machine may unlock again as often as it likes, and succeeds',
    async run(session) {
      const id = session.newId()
      await session.lock(id)
      const findings: Finding[] = []
      for (let n = 1; n <= 3; n++) {
        findings.push(...mustBeDone(`steady-state ${n} of one machine`, await session.unlock(id)))
      }
      return findings
    },
  },
  {
    name: 'unlock.non-holder',
    rule: 'a steady-state of a machine that never held a slot is answered 2xx; else it never updates',
    run: async (session) =>
      mustBeDone('a steady-state of a stranger', await session.unlock(session.newId())),
  },
  {
    name: 'unlock.non-holder-while-full',
    rule: "a stranger's steady-state succeeds while all slots are held, and frees nobody's slot",
    run: (session) =>
      whileFull(session, async () => [
        ...mustBeDone('a steady-state of a stranger', await session.unlock(session.newId())),
        ...(await askInVain(session, "a pre-reboot after a stranger's steady-state")),
      ]),
  },
  {
    name: 'lock.full',
    rule: 'a pre-reboot while all slots are held is refused with an error, not with 2xx or 3xx',
    run: (session) => whileFull(session, () => askInVain(session, 'a pre-reboot beyond the slots')),
  },
  {
    name: 'lock.exclusive',
    rule: 'of many machines that ask at once, exactly as many are granted as there are slots',
    async run(session) {
      if (session.slots === undefined) return [NOT_COUNTED]
      const ids = Array.from({ length: session.slots + RIVALS }, () => session.newId())
      const answers = await settle(ids.map((id) => session.lock(id)))
      const winners = answers.filter((answer) => answer !== undefined && isDone(answer)).length
      await session.release(ids)
      if (winners > session.slots) {
        return [fails(`${winners} machines were granted ${session.slots} slots`)]
      }
      if (winners === session.slots) return []
      return [
        deviates(`only ${winners} of ${session.slots} slots were granted; others must ask again`),
      ]
    },
  },
  {
    name: 'lock.same-machine-at-once',
    rule: 'one machine that asks many times at once is granted each time, and holds one slot',
    async run(session) {
      if (session.slots === undefined) return [NOT_COUNTED]
      const others = await session.take(session.slots - 1)
      const id = session.newId()
      const answers = await settle(Array.from({ length: RIVALS }, () => session.lock(id)))
      const granted = answers.filter((answer) => answer !== undefined && isDone(answer)).length
      await session.unlock(id)
      const isFree = await session.hasFreeSlot()
      await session.release([id, ...others])
      return [
        ...(isFree ? [] : [fails('one release did not free what one machine held')]),
        ...(granted === RIVALS ? [] : [deviates(`${granted} of ${RIVALS} were answered 2xx`)]),
      ]
    },
  },
  {
    name: 'unlock.many-at-once',
    rule: 'machines that boot together and hold nothing are all answered 2xx',
    async run(session) {
      const ids = Array.from({ length: RIVALS }, () => session.newId())
      const answers = await settle(ids.map((id) => session.unlock(id)))
      const refused = answers.filter((answer) => answer === undefined || !isDone(answer))
      const [first] = refused
      if (refused.length === 0) return []
      const example = first === undefined ? 'no answer' : describe(first)
      return [
        fails(`${refused.length} of ${RIVALS} were refused (${example}); they try in 5 minutes`),
      ]
    },
  },
]
