/** What people call each gate. */
const TITLES: Readonly<Record<string, string>> = {
  reboot_window: 'reboot windows',
  blackout: 'blackouts',
  prometheus: 'Prometheus alerts',
  http: 'HTTP checks',
}

export function gateTitle(gate: string): string {
  return TITLES[gate] ?? gate
}
