import { expect } from 'chai'
import { parse } from 'yaml'

/** What a Butane file makes, as far as our files go. */
export interface ButaneFile {
  readonly storage: { readonly files: readonly ButaneStoredFile[] }
  readonly systemd?: { readonly units: readonly ButaneUnit[] }
}

/** One file of a host. */
export interface ButaneStoredFile {
  readonly path: string
  readonly mode?: number
  readonly user?: { readonly id?: number }
  readonly contents: { readonly inline?: string; readonly local?: string }
}

/** One unit of a host; without contents, it is the system's own. */
export interface ButaneUnit {
  readonly name: string
  readonly enabled?: boolean
  readonly contents?: string
}

/** A shape: the type of a value, a list of a shape, or the keys that an object may have. */
type Shape = 'string' | 'number' | 'boolean' | readonly [Shape] | { readonly [key: string]: Shape }

const OWNER: Shape = { id: 'number', name: 'string' }
const RESOURCE: Shape = {
  source: 'string',
  inline: 'string',
  local: 'string',
  compression: 'string',
  http_headers: [{ name: 'string', value: 'string' }],
  verification: { hash: 'string' },
}
const NODE = { path: 'string', overwrite: 'boolean', user: OWNER, group: OWNER } as const

/**
 * Fedora CoreOS specification 1.4.0, https://coreos.github.io/butane/config-fcos-v1_4/, without disks,
 * networks of Ignition itself and kernel arguments, which our files have no business with.
 */
const FCOS_1_4_0: Shape = {
  variant: 'string',
  version: 'string',
  passwd: {
    users: [
      {
        name: 'string',
        password_hash: 'string',
        ssh_authorized_keys: ['string'],
        uid: 'number',
        gecos: 'string',
        home_dir: 'string',
        no_create_home: 'boolean',
        primary_group: 'string',
        groups: ['string'],
        no_user_group: 'boolean',
        no_log_init: 'boolean',
        shell: 'string',
        should_exist: 'boolean',
        system: 'boolean',
      },
    ],
    groups: [
      {
        name: 'string',
        gid: 'number',
        password_hash: 'string',
        should_exist: 'boolean',
        system: 'boolean',
      },
    ],
  },
  storage: {
    files: [{ ...NODE, mode: 'number', contents: RESOURCE, append: [RESOURCE] }],
    directories: [{ ...NODE, mode: 'number' }],
    links: [{ ...NODE, target: 'string', hard: 'boolean' }],
    trees: [{ local: 'string', path: 'string' }],
  },
  systemd: {
    units: [
      {
        name: 'string',
        enabled: 'boolean',
        mask: 'boolean',
        contents: 'string',
        dropins: [{ name: 'string', contents: 'string' }],
      },
    ],
  },
}

/** Parses a Butane file, and fails at a key or a type that Fedora CoreOS 1.4.0 does not have. */
export function parseButane(text: string): ButaneFile {
  // Butane reads `0644` as octal, which is YAML 1.1.
  const content: unknown = parse(text, { version: '1.1', strict: true, uniqueKeys: true })
  check(content, FCOS_1_4_0, '')
  const { variant, version } = content as Record<string, unknown>
  expect({ variant, version }).to.deep.equal({ variant: 'fcos', version: '1.4.0' })
  return content as ButaneFile
}

function check(value: unknown, shape: Shape, path: string): void {
  if (typeof shape === 'string') {
    expect(value, path).to.be.a(shape)
  } else if (isList(shape)) {
    expect(value, path).to.be.an('array')
    for (const [index, item] of (value as readonly unknown[]).entries()) {
      check(item, shape[0], `${path}[${index}]`)
    }
  } else {
    expect(value, path).to.be.an('object')
    for (const [key, item] of Object.entries(value as Record<string, unknown>)) {
      const known = shape[key]
      if (known === undefined) throw new Error(`Butane 1.4.0 does not know ${path}.${key}`)
      check(item, known, `${path}.${key}`)
    }
  }
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape)
}
