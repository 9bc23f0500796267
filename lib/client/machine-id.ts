import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** Zincati's application id. */
export const ZINCATI_APP_ID = 'de35106b6ec24688b63afddaa156679b'

/** An id, or why there is none, as a whole sentence. */
export type MachineIdResult = { readonly id: string } | { readonly problem: string }

/**
 * The id by which an application knows a machine, without giving away the machine's own: what
 * sd_id128_get_machine_app_specific(3) computes. Both ids and the result are 32 hex characters.
 */
export function appSpecificId(machineId: string, appId: string): string {
  const id = createHmac('sha256', Buffer.from(machineId, 'hex'))
    .update(Buffer.from(appId, 'hex'))
    .digest()
    .subarray(0, 16)
  // UUID version 4, variant 1 (RFC 9562).
  id.writeUInt8((id.readUInt8(6) & 0x0f) | 0x40, 6)
  id.writeUInt8((id.readUInt8(8) & 0x3f) | 0x80, 8)
  return id.toString('hex')
}

/** The id that Zincati, or the application of `appId`, uses for the machine of this machine-id file. */
export async function readAppSpecificId(
  file: string,
  appId = ZINCATI_APP_ID,
): Promise<MachineIdResult> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : (code ?? String(error))
    return { problem: `${file} cannot be read: ${reason}` }
  }
  const machineId = text.replace(/\n$/, '').toLowerCase()
  if (!/^[0-9a-f]{32}$/.test(machineId)) {
    return { problem: `${file} has no machine id: expected 32 hex characters on one line` }
  }
  if (/^0+$/.test(machineId)) return { problem: `${file} has no machine id: it is all zeros` }
  return { id: appSpecificId(machineId, appId) }
}

/** The app id in 32 lower-hex characters; also taken as a UUID with dashes. Undefined if it is none. */
export function parseAppId(text: string): string | undefined {
  const isUuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
  const hex = (isUuid ? text.replaceAll('-', '') : text).toLowerCase()
  return /^[0-9a-f]{32}$/.test(hex) ? hex : undefined
}
