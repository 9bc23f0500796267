/** What an operator should know, in short; `%` stands for the text that is left of the error. */
type Explanation = string | ((found: RegExpExecArray) => string)

/** By what the text of an error contains; the first that fits is taken. */
const EXPLANATIONS: readonly (readonly [pattern: RegExp, explanation: Explanation])[] = [
  [/database space exceeded/, 'etcd is out of space (NOSPACE): compact, defragment and disarm it'],
  [/etcdserver: no leader/, 'etcd has no leader at the moment'],
  [/etcdserver: leader changed/, 'etcd is changing its leader'],
  [
    /authentication failed/,
    'etcd does not know our user with this password (authentication failed)',
  ],
  [
    /user name is empty/,
    'etcd wants a user and a password; see etcd3.username (user name is empty)',
  ],
  [/etcdserver: permission denied/, "etcd does not permit this to etcd3.username's user"],
  [
    /unable to (verify|get)|self.signed|UNABLE_TO|SELF_SIGNED/,
    "etcd's certificate is not trusted: it does not chain to etcd3.ca_cert_path, or to the system's roots without one (%)",
  ],
  [
    /altnames|ALTNAME/,
    "etcd's certificate is not for this endpoint's name; see etcd3.server_name (%)",
  ],
  [/certificate has expired|CERT_HAS_EXPIRED/, "etcd's certificate has expired"],
  [
    /alert (bad certificate|certificate required|unknown ca|certificate expired|certificate unknown)|SSL alert number (42|43|44|45|46|48|116)/,
    'etcd refused our client certificate (missing, expired, of another authority, or not made for clients) (%)',
  ],
  [
    /secure TLS connection|wrong version number|packet length too long/,
    'the endpoint does not speak TLS; use http:// or correct the port (%)',
  ],
  [/ECONNREFUSED (\S+)/, ([, address]) => `nothing listens at ${address} (connection refused)`],
  [/ECONNREFUSED/, 'nothing listens at the endpoint (connection refused)'],
  [/ETIMEDOUT (\S+)/, ([, address]) => `${address} cannot be reached (no answer in time)`],
  [
    /EHOST(?:UNREACH|DOWN) (\S+)/,
    ([, address]) => `${address} cannot be reached (no way to the host)`,
  ],
  [/ENETUNREACH (\S+)/, ([, address]) => `${address} cannot be reached (no way to its network)`],
  [
    /Name resolution failed for target (?:dns:)?\/*(\S+)/,
    ([, name]) => `the name of the endpoint ${name} cannot be resolved`,
  ],
  [/(?:ENOTFOUND|EAI_AGAIN) (\S+)/, ([, name]) => `the endpoint's name ${name} cannot be resolved`],
  [/Name resolution failed|ENOTFOUND|EAI_AGAIN/, "the endpoint's name cannot be resolved"],
  [
    /servername|ServerName/,
    'an https endpoint by IP address needs etcd3.server_name on this version of Node.js (%)',
  ],
  [
    /Failed to connect|ECONNRESET|EPIPE|Connection dropped/,
    'the connection broke; an endpoint that serves TLS must begin with https://, one that does not with http:// (%)',
  ],
  [/^No connection established$/, 'there is no connection to the endpoint'],
]

/** What the libraries put around a cause, in the order in which it is taken off. */
const NOISE: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/\s+/g, ' '],
  [/\.? ?Resolution note: ?$/, ''],
  [/\. Resolution note: /, '; '],
  [/^\w*Error: /, ''],
  [/^\d+ [A-Z_]+: /, ''],
  [/^(?:\w+: )?No connection established\.? Last error: (?:null)?/, ''],
  [/^(?:\w*Error: )+/, ''],
]

/** Says in one short sentence what the text of an error of the etcd client means. */
export function etcdSentence(text: string): string {
  const plain = NOISE.reduce((rest, [pattern, by]) => rest.replace(pattern, by), text).trim()
  const cause = plain === '' ? 'No connection established' : plain
  for (const [pattern, explanation] of EXPLANATIONS) {
    const found = pattern.exec(cause)
    if (found === null) continue
    return typeof explanation === 'string'
      ? explanation.replace('%', () => cause)
      : explanation(found)
  }
  return cause
}
