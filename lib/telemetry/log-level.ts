/** Least to most talkative. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'trace'] as const

/** How much is logged. */
export type LogLevel = (typeof LOG_LEVELS)[number]
