import { expect } from 'chai'
import { SharedQuestion } from '../../../lib/gates/shared-question.js'

/** A question that is answered when the test says so. */
class HeldQuestion {
  readonly #held: { resolve: (answer: number) => void; reject: (error: Error) => void }[] = []
  puts = 0

  readonly put = (): Promise<number> => {
    this.puts += 1
    return new Promise((resolve, reject) => this.#held.push({ resolve, reject }))
  }

  async answer(answer: number): Promise<void> {
    this.#held.shift()?.resolve(answer)
    await settled()
  }

  async fail(): Promise<void> {
    this.#held.shift()?.reject(new Error('no'))
    await settled()
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('SharedQuestion', () => {
  let question: HeldQuestion
  let shared: SharedQuestion<number>
  let answers: string[]
  beforeEach(() => {
    question = new HeldQuestion()
    shared = new SharedQuestion(question.put)
    answers = []
  })

  function ask(name: string): void {
    shared.ask().then(
      (answer) => answers.push(`${name}${answer}`),
      () => answers.push(`${name}!`),
    )
  }

  it('is put once for all who ask at the same moment', async () => {
    ask('a')
    ask('b')
    await settled()
    expect(question.puts).to.equal(1)
    await question.answer(1)
    expect(answers).to.deep.equal(['a1', 'b1'])
  })

  it('gives nobody the answer to a question from before they came', async () => {
    ask('a')
    await settled()
    ask('b')
    ask('c')
    await settled()
    expect(question.puts).to.equal(1)
    await question.answer(1)
    expect([question.puts, answers]).to.deep.equal([2, ['a1']])
    ask('d')
    await question.answer(2)
    expect([question.puts, answers]).to.deep.equal([3, ['a1', 'b2', 'c2']])
    await question.answer(3)
    expect(answers.at(-1)).to.equal('d3')
  })

  it('is put again after each answer', async () => {
    for (const index of [1, 2, 3]) {
      ask('a')
      await settled()
      await question.answer(index)
    }
    expect([question.puts, answers]).to.deep.equal([3, ['a1', 'a2', 'a3']])
  })

  it('goes on after a failure', async () => {
    ask('a')
    await settled()
    ask('b')
    await question.fail()
    await question.answer(2)
    expect(answers).to.deep.equal(['a!', 'b2'])
  })
})
