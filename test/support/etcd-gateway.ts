import { readFile } from 'node:fs/promises'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { CertificateFiles } from './certificates.js'

/** What a client of an etcd with TLS needs. */
export interface EtcdClientFiles {
  readonly caPath: string
  readonly client: CertificateFiles
}

/**
 * Asks etcd's JSON gateway on 127.0.0.1, without any client library of the product; rejects unless
 * the answer is 200. Numbers of 64 bits come as strings.
 */
export async function askEtcd<T>(
  port: number,
  path: string,
  body: object,
  files: EtcdClientFiles | undefined,
  timeoutMs: number,
): Promise<T> {
  const tls =
    files === undefined
      ? undefined
      : {
          ca: await readFile(files.caPath),
          cert: await readFile(files.client.certPath),
          key: await readFile(files.client.keyPath),
        }
  return new Promise<T>((resolve, reject) => {
    const options = {
      method: 'POST',
      host: '127.0.0.1',
      port,
      path,
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    }
    const request = tls === undefined ? requestHttp(options) : requestHttps({ ...options, ...tls })
    request.once('error', reject)
    request.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.once('error', reject)
      response.once('end', () => {
        if (response.statusCode === 200) {
          resolve(JSON.parse(text) as T)
        } else {
          reject(new Error(`etcd answered ${response.statusCode ?? 0}: ${text}`))
        }
      })
    })
    request.end(JSON.stringify(body))
  })
}
