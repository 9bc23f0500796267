import { isUtf8 } from 'node:buffer'
import { parseNodeNames, type NodeNames } from '../config/node-names.js'
import { FileReport } from '../credentials/file-report.js'
import type { Reading } from '../credentials/watched-files.js'

/** Reads a file of names of nodes; any mistake in it makes it unusable. */
export async function readNodesFile(file: string): Promise<Reading<NodeNames>> {
  const report = new FileReport()
  const path = 'status.nodes_path'
  const content = await report.read({ path, file })
  if (content === undefined) return { value: undefined, report }
  if (!isUtf8(content)) {
    report.problem(path, `${file} is not UTF-8 text`)
    return { value: undefined, report }
  }
  const parsed = parseNodeNames(content.toString('utf8'))
  if ('names' in parsed) return { value: parsed.names, report }
  for (const problem of parsed.problems) {
    report.problem(path, `${file}: ${problem.path}: ${problem.message}`)
  }
  return { value: undefined, report }
}
