import type { Writable } from 'node:stream'
import winston from 'winston'
import type { LogLevel } from './log-level.js'
import { printLogfmt } from './logfmt.js'

/** How a line is written: as coreos/airlock did, or one JSON object. */
export type LogFormat = 'logfmt' | 'json'

/** What goes with a message; undefined fields are left out. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** Writes one line an event. */
export interface Logger {
  log(level: LogLevel | 'notice', message: string, fields?: LogFields): void
  /** Whether lines of this level are written, for what is costly to put together. */
  isEnabled(level: LogLevel): boolean
  setLevel(level: LogLevel): void
}

/**
 * `notice` is of the rank of `warn`: what an operator must see at any level but `error`, although
 * nothing is wrong (ready, stopping, slots applied).
 */
const RANKS = { error: 0, warn: 1, notice: 1, info: 2, debug: 3, trace: 4 }

/** Creates a logger of its own, writing to `stream`; nothing is shared with another logger. */
export function createLogger(options: {
  readonly level: LogLevel
  readonly format: LogFormat
  readonly stream: Writable
}): Logger {
  const { printf } = winston.format
  const logger = winston.createLogger({
    levels: RANKS,
    level: options.level,
    format: printf((info) => (options.format === 'json' ? printJson(info) : printLogfmt(info))),
    transports: [new winston.transports.Stream({ stream: options.stream, eol: '\n' })],
  })
  return {
    log: (level, message, fields) => {
      logger.log({ ...fields, level, message })
    },
    isEnabled: (level) => RANKS[level] <= RANKS[logger.level as LogLevel],
    setLevel: (level) => {
      logger.level = level
    },
  }
}

function printJson({ level, message, ...fields }: winston.Logform.TransformableInfo): string {
  return JSON.stringify({ time: new Date().toISOString(), level, msg: message, ...fields })
}
