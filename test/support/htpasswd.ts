import { hashSync } from 'bcryptjs'

/** Written by Apache's htpasswd 2.4.71 (`htpasswd -bnB -C COST USER PASSWORD`). */
export const APACHE_ENTRIES = [
  {
    user: 'zincati',
    password: 'correct horse',
    hash: '$2y$05$ISlrt2HGw/fs06KQR0z5veaxT1mhV93O0CfFGT.3V/nxkK5KRhYCC',
  },
  {
    user: 'operator',
    password: 'pässwörd',
    hash: '$2y$04$kFFHYX3rkgx9OlFPy/PA0.MZWuJgmr0fi1MJrf0jKFJDv4uRNEYmi',
  },
] as const

/** A password file as `htpasswd -B` writes it, of the lowest cost. */
export function htpasswdOf(passwords: Readonly<Record<string, string>>): string {
  return Object.entries(passwords)
    .map(([user, password]) => `${user}:${hashSync(password, 4).replace(/^\$2b\$/, '$2y$')}\n`)
    .join('')
}

/** The header that sends a user and a password. */
export function basicAuthorization(user: string, password: string): { authorization: string } {
  const encoded = Buffer.from(`${user}:${password}`, 'utf8').toString('base64')
  return { authorization: `Basic ${encoded}` }
}
