import tseslint from 'typescript-eslint'

/**
 * Which rooms of lib/ a room may import (CONTRIBUTING.md draws the same table). `bin`, `test` and
 * `bench` may import everything.
 */
const MAY_IMPORT = {
  semaphore: [],
  calendar: [],
  terminal: [],
  telemetry: [],
  fleetlock: ['semaphore'],
  config: ['semaphore', 'calendar', 'gates/alert-pattern'],
  // Certificates, keys and password files: the store, the gates and the services read such.
  credentials: ['calendar/clock'],
  store: ['calendar/clock', 'credentials'],
  gates: ['semaphore', 'calendar', 'credentials'],
  lock: ['semaphore', 'calendar', 'telemetry', 'store/store', 'store/store-error', 'gates/gate'],
  checker: ['semaphore', 'calendar', 'lock', 'telemetry', 'store/store'],
  notify: ['semaphore', 'calendar', 'credentials', 'lock', 'telemetry', 'store/store'],
  http: ['semaphore', 'calendar', 'credentials', 'fleetlock', 'lock', 'telemetry'],
  status: [
    'semaphore',
    'calendar',
    'fleetlock/kinds',
    'fleetlock/reply-to-refusal',
    'gates/gate',
    'lock',
    'checker',
    'http',
    'telemetry',
    'store/store',
    'terminal/unlock-command',
  ],
  client: ['semaphore', 'fleetlock', 'terminal'],
  daemon: [
    'semaphore',
    'calendar',
    'telemetry',
    'fleetlock',
    'config',
    'credentials',
    'store',
    'gates',
    'lock',
    'checker',
    'notify',
    'http',
    'status',
  ],
  cli: [
    'semaphore',
    'calendar',
    'fleetlock',
    'config',
    'store',
    'gates/gate',
    'lock',
    'client',
    'daemon',
    'http/listener',
    'status/calendar-state',
    'status/status-report',
    'telemetry',
    'terminal',
  ],
}

/** The only rooms that import a package. A package that is not named here may be imported by none. */
const PACKAGES = {
  winston: ['telemetry'],
  'prom-client': ['telemetry'],
  'smol-toml': ['config'],
  valibot: ['config'],
  etcd3: ['store'],
  cockatiel: ['store'],
  '@photostructure/sqlite': ['store'],
  bcryptjs: ['credentials'],
  re2js: ['gates'],
  express: ['http', 'status'],
  commander: ['cli'],
}

/** Rooms that may touch the process and the clock; all others take a Clock. */
const MAY_TOUCH_PROCESS = ['daemon', 'cli', 'client', 'terminal']

/** A room's own folder, and folders in it: how many steps lead out of the room. */
const DEPTHS = [
  { files: '*.ts', out: '\\.\\./' },
  { files: '*/*.ts', out: '\\.\\./\\.\\./' },
]

const rooms = Object.entries(MAY_IMPORT).flatMap(([room, others]) =>
  DEPTHS.map((depth) => rulesOf(room, others, depth)),
)

function rulesOf(room, others, { files, out }) {
  const allowedRooms = others.map((other) => (other.includes('/') ? `${other}\\.js$` : `${other}/`))
  const allowedPackages = Object.keys(PACKAGES).filter((name) => PACKAGES[name].includes(room))
  return {
    files: [`lib/${room}/${files}`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^${out}${allowedRooms.length > 0 ? `(?!${allowedRooms.join('|')})` : ''}`,
              message: `The room '${room}' may not import this room; see CONTRIBUTING.md.`,
            },
            {
              regex: `^(?!\\.|node:${allowedPackages.map((name) => `|${name}($|/)`).join('')})`,
              message: `The room '${room}' may not import this package; see CONTRIBUTING.md.`,
            },
          ],
        },
      ],
      ...(MAY_TOUCH_PROCESS.includes(room)
        ? {}
        : {
            'no-restricted-properties': [
              'error',
              { object: 'process', property: 'env' },
              { object: 'process', property: 'argv' },
              { object: 'Date', property: 'now' },
              { object: 'performance', property: 'now' },
            ],
            'no-restricted-globals': [
              'error',
              ...['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({
                name,
                message: 'Timers come from a Clock.',
              })),
            ],
          }),
    },
  }
}

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/'] },
  ...tseslint.configs.strictTypeChecked.map((config) => ({
    ...config,
    files: ['**/*.ts'],
  })),
  {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // It takes express' Request for no IncomingMessage, and winston's Stream for no transport.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      'max-lines-per-function': [
        'error',
        { max: 80, skipBlankLines: true, skipComments: true, IIFEs: false },
      ],
    },
  },
  { files: ['test/**/*.ts', 'bench/**/*.ts'], rules: { 'max-lines-per-function': 'off' } },
  ...rooms,
)
