import { join } from 'node:path'
import type { EtcdOptions, EtcdTls } from './etcd-server.js'

/** One member of a cluster, among its members. */
export interface EtcdMemberPlan {
  readonly name: string
  /** Where its data goes. */
  readonly folder: string
  readonly clientUrl: string
  /** All members of the cluster, itself included. */
  readonly members: readonly { readonly name: string; readonly peerPort: number }[]
  /** Whether this etcd knows `--unsafe-no-fsync`. */
  readonly mayRunWithoutFsync: boolean
  readonly options: EtcdOptions
}

/** The command line of a member; members talk among themselves in clear text, on the loopback. */
export function etcdArguments(plan: EtcdMemberPlan): string[] {
  const { name, folder, clientUrl, members, mayRunWithoutFsync } = plan
  const { tls, extraArgs = [], unsafeNoFsync = true } = plan.options
  const peers = new Map(members.map((m) => [m.name, `http://127.0.0.1:${m.peerPort}`]))
  const peerUrl = peers.get(name) ?? ''
  return [
    `--name=${name}`,
    `--data-dir=${join(folder, name)}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=${[...peers].map(([peer, url]) => `${peer}=${url}`).join(',')}`,
    `--initial-cluster-token=${[...peers.keys()].join('-')}`,
    '--logger=zap',
    '--log-outputs=stderr',
    '--log-level=warn',
    // Alone, nobody contends: no reason to wait a second for one's own election.
    ...(members.length === 1 ? ['--heartbeat-interval=10', '--election-timeout=50'] : []),
    ...(unsafeNoFsync && mayRunWithoutFsync ? ['--unsafe-no-fsync'] : []),
    ...(tls === undefined ? [] : tlsArgs(tls)),
    ...extraArgs,
  ]
}

function tlsArgs({ caPath, server, isClientCertificateRequired = true }: EtcdTls): string[] {
  return [
    `--cert-file=${server.certPath}`,
    `--key-file=${server.keyPath}`,
    ...(isClientCertificateRequired ? ['--client-cert-auth', `--trusted-ca-file=${caPath}`] : []),
  ]
}
