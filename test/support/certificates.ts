import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { createTempFolder, type TempFolder } from './temp-folder.js'

const run = promisify(execFile)

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const OPENSSL_TIMEOUT_MS = 10_000

/** The PEM files of one certificate. */
export interface CertificateFiles {
  readonly certPath: string
  readonly keyPath: string
}

/** A small certificate authority, what it issued, and what must not work with it. */
export interface Certificates {
  readonly caPath: string
  /** For localhost, 127.0.0.1 and ::1, for servers and clients: etcd's own gateway needs both. */
  readonly server: CertificateFiles
  /** For the client `airlock`. */
  readonly client: CertificateFiles
  /** An authority that nobody here trusts. */
  readonly otherCaPath: string
  /** Issued by the other authority. */
  readonly otherClient: CertificateFiles
  /** Issued by the right authority, for another host name only. */
  readonly otherHostServer: CertificateFiles
  /** Like the server's, and good for 90 days; the others end tomorrow. */
  readonly lastingServer: CertificateFiles
  /** Ended yesterday. */
  readonly expiredServer: CertificateFiles
  readonly expiredClient: CertificateFiles
  /** May not be used by a client. */
  readonly serverAuthOnly: CertificateFiles
  /** The client's certificate with the key of another one. */
  readonly mismatched: CertificateFiles
  /** A file that is no PEM. */
  readonly garbagePath: string
}

interface Request {
  readonly name: string
  readonly commonName: string
  /** The issuer; a certificate without one is an authority and signs itself. */
  readonly issuer?: CertificateFiles
  readonly extensions: readonly string[]
  readonly endsAfterMs?: number
}

let made: Promise<Certificates> | undefined

/** The certificates of this process, made by openssl when first asked for, removed at exit. */
export function certificates(): Promise<Certificates> {
  made ??= makeCertificates()
  return made
}

const AUTHORITY = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign']
const LOOPBACK = 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'

async function makeCertificates(): Promise<Certificates> {
  const folder = await createTempFolder()
  const issue = (request: Request): Promise<CertificateFiles> => issueCertificate(folder, request)
  const [ca, otherCa] = await Promise.all([
    issue({ name: 'ca', commonName: 'airlock test CA', extensions: AUTHORITY }),
    issue({ name: 'other-ca', commonName: 'another test CA', extensions: AUTHORITY }),
  ])
  const forClient = ['extendedKeyUsage=clientAuth']
  const client = { commonName: 'airlock', extensions: forClient }
  const forBoth = 'extendedKeyUsage=serverAuth,clientAuth'
  const forServer = { commonName: 'airlock', extensions: [LOOPBACK, 'extendedKeyUsage=serverAuth'] }
  const [server, ours, otherHostServer, otherClient, expiredClient, serverAuthOnly, ...more] =
    await Promise.all([
      issue({
        name: 'server',
        commonName: 'etcd',
        issuer: ca,
        extensions: [LOOPBACK, forBoth],
      }),
      issue({ name: 'client', issuer: ca, ...client }),
      issue({
        name: 'other-host',
        commonName: 'etcd',
        issuer: ca,
        extensions: ['subjectAltName=DNS:other.example', forBoth],
      }),
      issue({ name: 'other-client', issuer: otherCa, ...client }),
      issue({ name: 'expired', issuer: ca, ...client, endsAfterMs: -DAY_MS }),
      issue({ name: 'server-auth-only', issuer: ca, ...forServer }),
      issue({ name: 'lasting-server', issuer: ca, ...forServer, endsAfterMs: 90 * DAY_MS }),
      issue({ name: 'expired-server', issuer: ca, ...forServer, endsAfterMs: -DAY_MS }),
    ])
  const [lastingServer, expiredServer] = more
  return {
    caPath: ca.certPath,
    server,
    client: ours,
    otherCaPath: otherCa.certPath,
    otherClient,
    otherHostServer,
    lastingServer,
    expiredServer,
    expiredClient,
    serverAuthOnly,
    mismatched: { certPath: ours.certPath, keyPath: otherClient.keyPath },
    garbagePath: await folder.write('garbage.pem', 'this is no certificate and no key\n'),
  }
}

// `openssl ca`, because before OpenSSL 3.4 it alone sets a start and an end date; with files of its
// own for each certificate, so that several can be made at once.
async function issueCertificate(folder: TempFolder, request: Request): Promise<CertificateFiles> {
  const { name, commonName, issuer, extensions, endsAfterMs = DAY_MS } = request
  const file = (ending: string): string => folder.file(`${name}.${ending}`)
  const [certPath, keyPath] = [file('pem'), file('key')]
  await folder.write(`${name}.index`, '')
  const configPath = await folder.write(
    `${name}.cnf`,
    [
      '[req]\ndistinguished_name = subject\n[subject]',
      `[ca]\ndefault_ca = authority\n[authority]\ndatabase = ${file('index')}`,
      `new_certs_dir = ${folder.path}\ndefault_md = sha256\npolicy = any\nrand_serial = yes`,
      'unique_subject = no\n[any]\ncommonName = supplied',
      `[extensions]\n${extensions.join('\n')}\n`,
    ].join('\n'),
  )
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await openssl(
    ['req', '-new', '-config', configPath, '-subj', `/CN=${commonName}`, '-out', file('csr')],
    [...newKey, '-keyout', keyPath],
  )
  const now = Date.now()
  await openssl(
    ['ca', '-batch', '-notext', '-config', configPath, '-in', file('csr'), '-out', certPath],
    ['-extensions', 'extensions'],
    ['-startdate', openSslDate(now - 3 * DAY_MS), '-enddate', openSslDate(now + endsAfterMs)],
    issuer === undefined
      ? ['-selfsign', '-keyfile', keyPath]
      : ['-cert', issuer.certPath, '-keyfile', issuer.keyPath],
  )
  return { certPath, keyPath }
}

async function openssl(...args: readonly (readonly string[])[]): Promise<void> {
  await run('openssl', args.flat(), { timeout: OPENSSL_TIMEOUT_MS })
}

function openSslDate(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+/, '').replaceAll(/[-:T]/g, '')
}
