import type { Findings } from './findings.js'
import type { Reading } from './read-fragment.js'
import type { NotifySettings } from './settings.js'

/** Who is told what happens. */
export function readNotify(reading: Reading, findings: Findings): NotifySettings {
  const { refused_for_longer_than_minutes: minutes, webhook } = reading.fragment.notify
  const webhooks = webhook.flatMap(
    ({ url, events, secret_path, timeout_ms, ca_cert_path }, index) => {
      // A problem has been reported where one is missing.
      if (url === undefined || events === undefined) return []
      const place = reading.placeOfItem('notify.webhook', index)
      if (ca_cert_path !== undefined && !url.startsWith('https:')) {
        findings.warning(`${place}.ca_cert_path`, 'is not used: the URL is http')
      }
      return {
        url,
        events,
        timeoutMs: timeout_ms,
        ...(secret_path !== undefined && { secretPath: secret_path }),
        ...(ca_cert_path !== undefined && { caCertPath: ca_cert_path }),
      }
    },
  )
  return { refusedForLongerThanMinutes: minutes, webhooks }
}
