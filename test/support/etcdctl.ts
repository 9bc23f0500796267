import { readFile } from 'node:fs/promises'
import { Etcd3 } from 'etcd3'
import type { EtcdAccess } from './etcd-server.js'

/** A key as etcd has it. */
export interface RawEntry {
  readonly key: string
  readonly value: string
  readonly modRevision: number
  readonly version: number
}

const DEADLINE_MS = 5_000

/** Writes any value under any key, as an operator with etcdctl may. */
export function putRaw(etcd: EtcdAccess, key: string, value: string): Promise<void> {
  return withClient(etcd, async (client) => {
    await client.put(key).value(value)
  })
}

/** Reads one key, linearizable; undefined if it is absent. */
export async function getRaw(etcd: EtcdAccess, key: string): Promise<RawEntry | undefined> {
  const { kvs } = await withClient(etcd, (client) => client.get(key).exec())
  return kvs.map(toEntry)[0]
}

/** Reads every key that begins with a prefix, sorted by key. */
export async function listRaw(etcd: EtcdAccess, prefix: string): Promise<RawEntry[]> {
  const { kvs } = await withClient(etcd, (client) => client.getAll().prefix(prefix).exec())
  return kvs.map(toEntry)
}

/** Deletes a key; whether it was there. */
export async function deleteRaw(etcd: EtcdAccess, key: string): Promise<boolean> {
  const { deleted } = await withClient(etcd, (client) => client.delete().key(key).exec())
  return deleted === '1'
}

function toEntry(kv: {
  key: Buffer
  value: Buffer
  mod_revision: string
  version: string
}): RawEntry {
  return {
    key: kv.key.toString('utf8'),
    value: kv.value.toString('utf8'),
    modRevision: Number(kv.mod_revision),
    version: Number(kv.version),
  }
}

async function withClient<T>(etcd: EtcdAccess, use: (client: Etcd3) => Promise<T>): Promise<T> {
  const { tls } = etcd
  const client = new Etcd3({
    hosts: [...etcd.namedEndpoints],
    ...(tls === undefined
      ? {}
      : {
          credentials: {
            rootCertificate: await readFile(tls.caPath),
            certChain: await readFile(tls.client.certPath),
            privateKey: await readFile(tls.client.keyPath),
          },
        }),
    grpcOptions: { 'grpc.enable_http_proxy': 0, 'grpc.service_config_disable_resolution': 1 },
    defaultCallOptions: (context) =>
      context.isStream ? {} : { deadline: Date.now() + DEADLINE_MS },
  })
  try {
    return await use(client)
  } finally {
    client.close()
  }
}
