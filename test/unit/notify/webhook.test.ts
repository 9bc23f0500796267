import { expect } from 'chai'
import { commandClock } from '../../../lib/daemon/system-clock.js'
import { postToWebhook } from '../../../lib/notify/webhook.js'
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js'

describe('postToWebhook', () => {
  let receiver: WebhookReceiver

  beforeEach(async () => {
    receiver = await startWebhookReceiver()
  })

  afterEach(() => receiver.close())

  const post = (status: number) => {
    receiver.behave(status)
    const webhook = { url: receiver.url, events: [], timeoutMs: 5000 }
    const { signal } = new AbortController()
    return postToWebhook(webhook, '{}', { clock: commandClock, signal })
  }

  for (const status of [200, 204, 299]) {
    it(`has delivered what is answered with ${status}`, async () => {
      expect(await post(status)).to.deep.equal({ outcome: 'delivered' })
    })
  }

  for (const status of [408, 425, 429, 500, 503]) {
    it(`may try again after ${status}`, async () => {
      const reason = `it answered ${status}`
      expect(await post(status)).to.deep.equal({ outcome: 'failed', reason })
    })
  }

  for (const status of [302, 400, 404, 407, 410, 499]) {
    it(`takes ${status} for final`, async () => {
      const reason = `it answered ${status}`
      expect(await post(status)).to.deep.equal({ outcome: 'refused', reason })
    })
  }
})
