import { expect } from 'chai'
import { CertificateTime } from '../../../lib/daemon/certificate-time.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { FakeClock } from '../../support/fake-clock.js'

const DAY_MS = 24 * 3_600_000

describe('CertificateTime', () => {
  it('says once a day that a certificate expires soon, then that it has', async () => {
    const clock = new FakeClock()
    const { events, metrics, lines } = collectingEvents()
    const time = new CertificateTime('service', clock, events)
    const certificate = {
      certChain: Buffer.alloc(0),
      privateKey: Buffer.alloc(0),
      beginsAt: clock.now() - DAY_MS,
      expiresAt: clock.now() + 16 * DAY_MS,
    }
    const perDay: number[] = []
    for (let day = 0; day < 18; day += 1) {
      const before = lines.length
      for (let hour = 0; hour < 24; hour += 1) {
        time.check(certificate)
        await clock.advance(3_600_000)
      }
      perDay.push(lines.length - before)
    }
    expect(perDay).to.deep.equal([0, 0, ...Array.from({ length: 16 }, () => 1)])
    expect(lines[0]).to.match(/^level=warn msg="the certificate expires soon" service=service /)
    expect(lines.at(-1)).to.match(/^level=error msg="the certificate has expired" service=service /)
    const shown = await metrics.registry.getSingleMetricAsString(
      'airlock_certificate_expiry_timestamp_seconds',
    )
    expect(shown).to.include(`{service="service"} ${certificate.expiresAt / 1000}`)
  })
})
