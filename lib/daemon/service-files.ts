import type { NodeNames } from '../config/node-names.js'
import type { ListenerSettings, Settings } from '../config/settings.js'
import type { FileProblem } from '../credentials/file-report.js'
import { readHtpasswd, type Htpasswd } from '../credentials/htpasswd.js'
import { readServerTls, type ServerTls } from '../credentials/server-tls.js'
import type { Reading } from '../credentials/watched-files.js'
import { checkGateFiles } from '../gates/check-gate-files.js'
import { checkNotifyFiles } from './notifications.js'
import { readNodesFile } from './read-nodes-file.js'
import type { ServiceName } from '../telemetry/door-events.js'

/** Files that can be read again, and what the first reading said. */
export interface ServiceFile<T> {
  readonly read: () => Promise<Reading<T>>
  readonly first: Reading<T>
}

/** The files that one service's settings name; usable if there are no problems. */
export interface ServiceFiles {
  readonly tls: ServiceFile<ServerTls> | undefined
  readonly htpasswd: ServiceFile<Htpasswd> | undefined
  readonly problems: readonly FileProblem[]
  readonly warnings: readonly FileProblem[]
}

/** The files of both services, and all that is wrong with them and with those of gates and webhooks. */
export interface AllServiceFiles {
  readonly service: ServiceFiles
  readonly status: ServiceFiles
  /** Names of nodes. */
  readonly nodes: ServiceFile<NodeNames> | undefined
  readonly problems: readonly FileProblem[]
  readonly warnings: readonly FileProblem[]
}

/**
 * Reads and checks the certificates and password files of both services, and checks those of gates and
 * webhooks; never rejects.
 */
export async function readServiceFiles({
  service,
  status,
  gates,
  notify,
}: Settings): Promise<AllServiceFiles> {
  const ofService = await readFilesOf('service', service)
  // What is not served needs no files.
  const ofStatus = await readFilesOf('status', status.enabled ? status : { tls: false })
  const { enabled, nodesPath } = status
  const nodes =
    nodesPath === undefined || !enabled
      ? undefined
      : await readFirst(() => readNodesFile(nodesPath))
  return {
    service: ofService,
    status: ofStatus,
    nodes,
    problems: [
      ...ofService.problems,
      ...ofStatus.problems,
      ...(nodes?.first.report.problems ?? []),
      ...(await checkGateFiles(gates)),
      ...(await checkNotifyFiles(notify)),
    ],
    warnings: [...ofService.warnings, ...ofStatus.warnings],
  }
}

async function readFilesOf(
  section: ServiceName,
  { tls, htpasswdPath }: Pick<ListenerSettings, 'tls' | 'htpasswdPath'>,
): Promise<ServiceFiles> {
  const named = (key: string, file: string) => ({ path: `${section}.${key}`, file })
  const tlsFile =
    tls !== false &&
    (await readFirst(() =>
      readServerTls({
        certificate: named('tls_cert_path', tls.certPath),
        key: named('tls_key_path', tls.keyPath),
        ...(tls.clientCaPath !== undefined && {
          clientAuthorities: named('tls_client_ca_path', tls.clientCaPath),
        }),
      }),
    ))
  const htpasswd =
    htpasswdPath === undefined
      ? undefined
      : await readFirst(() => readHtpasswd(named('htpasswd_path', htpasswdPath)))
  const files = [...(tlsFile === false ? [] : [tlsFile]), ...(htpasswd ? [htpasswd] : [])]
  return {
    tls: tlsFile === false ? undefined : tlsFile,
    htpasswd,
    problems: files.flatMap(({ first }) => first.report.problems),
    warnings: files.flatMap(({ first }) => first.report.warnings),
  }
}

async function readFirst<T>(read: () => Promise<Reading<T>>): Promise<ServiceFile<T>> {
  return { read, first: await read() }
}
