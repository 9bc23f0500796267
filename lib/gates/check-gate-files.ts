import { FileReport, type FileProblem } from '../credentials/file-report.js'
import type { GatesSettings } from './create-gates.js'
import { readRemoteCredentials, type Remote } from './remote.js'

/** What is wrong with the files that gates need, as they are now; they are read again for each question. */
export async function checkGateFiles({
  prometheus,
  http,
}: Pick<GatesSettings, 'prometheus' | 'http'>): Promise<readonly FileProblem[]> {
  const remotes: (readonly [place: string, remote: Remote])[] = [
    ...(prometheus === undefined ? [] : [['gates.prometheus', prometheus] as const]),
    ...http.map((check, index) => [`gates.http[${index}]`, check] as const),
  ]
  const reports = remotes.map(async ([place, remote]) => {
    const report = new FileReport()
    await readRemoteCredentials(remote, place, report)
    return report.problems
  })
  return (await Promise.all(reports)).flat()
}
