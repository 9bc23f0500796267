// @ts-check
// The script of the status page: it puts updates in their places, counts times on, copies commands and
// filters groups. The page is complete without it.

const main = find(document, 'main')
const groupList = find(document, '#group-list')
const live = find(document, '#live')
const filter = find(document, '#filter')
const filterInput = /** @type {HTMLInputElement} */ (find(filter, 'input'))
const filterOutput = find(filter, 'output')

/** @type {(root: ParentNode, selector: string) => HTMLElement} */
function find(root, selector) {
  const element = root.querySelector(selector)
  if (!(element instanceof HTMLElement)) throw new Error(`the page has no ${selector}`)
  return element
}

/** By how much the replica's clock is ahead of this one's, in milliseconds. */
let ahead = Number(main.dataset['now']) - Date.now()

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * The words of lib/status/page/times.ts.
 * @param {number} milliseconds
 */
function printDuration(milliseconds) {
  const ms = Math.max(0, milliseconds)
  if (ms < MINUTE) return `${Math.floor(ms / 1000)} s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`
  if (ms < DAY) return pair(ms, HOUR, 'h', MINUTE, 'min')
  return pair(ms, DAY, 'd', HOUR, 'h')
}

/** @type {(ms: number, large: number, big: string, small: number, little: string) => string} */
function pair(ms, large, big, small, little) {
  const rest = Math.floor((ms % large) / small)
  return `${Math.floor(ms / large)} ${big}${rest > 0 ? ` ${rest} ${little}` : ''}`
}

/** Sets all times that count to what they are now. */
function countOn() {
  const now = Date.now() + ahead
  for (const time of document.querySelectorAll('time[data-count]')) {
    if (!(time instanceof HTMLTimeElement)) continue
    const passed = now - Date.parse(time.dateTime)
    setText(time, printDuration(time.dataset['count'] === 'up' ? passed : -passed))
  }
}

/**
 * Leaves alone what is right already: screen readers and selections notice each change.
 * @param {Element} element
 * @param {string} words
 */
function setText(element, words) {
  if (element.textContent !== words) element.textContent = words
}

/**
 * Makes an element like a new one and keeps what is the same: the focus, what is selected, and what
 * somebody has opened.
 * @param {Element} old
 * @param {Element} fresh
 */
function become(old, fresh) {
  const wasOpen = old.hasAttribute('data-open')
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !isOwn(old, name)) old.removeAttribute(name)
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (old.getAttribute(name) !== value && !isOwn(old, name)) old.setAttribute(name, value)
  }
  // It opens by itself when it comes to need attention, and is left alone otherwise.
  if (!wasOpen && fresh.hasAttribute('data-open')) old.setAttribute('open', '')
  const wanted = [...fresh.childNodes]
  wanted.forEach((node, place) => {
    const there = old.childNodes[place]
    if (there === undefined) old.append(node)
    else if (there instanceof Element && node instanceof Element && isAlike(there, node)) {
      become(there, node)
    } else if (there instanceof Text && node instanceof Text) {
      if (there.data !== node.data) there.data = node.data
    } else there.replaceWith(node)
  })
  while (old.childNodes.length > wanted.length) old.lastChild?.remove()
}

/** @type {(a: Element, b: Element) => boolean} */
function isAlike(a, b) {
  return a.tagName === b.tagName && a.id === b.id
}

/**
 * What the reader and this script decide: what is open, which groups are hidden, which buttons shown.
 * @param {Element} element
 * @param {string} attribute
 */
function isOwn(element, attribute) {
  if (attribute === 'open') return element instanceof HTMLDetailsElement
  return (attribute === 'hidden' && element.matches('.copy, .group')) || attribute === 'data-said'
}

/** @type {(update: { build: string, now: number, groups?: string[], html: string[] }) => void} */
function apply({ build, now, groups, html }) {
  if (build !== main.dataset['build']) {
    location.reload()
    return
  }
  ahead = now - Date.now()
  const template = document.createElement('template')
  template.innerHTML = html.join('')
  for (const fresh of [...template.content.children]) {
    const old = document.getElementById(fresh.id)
    if (old === null) groupList.append(fresh)
    else become(old, fresh)
  }
  // Without them their order is as it was.
  if (groups !== undefined) placeGroups(groups)
  prepare()
}

/**
 * Moves only what is in the wrong place: who is moved loses the focus.
 * @param {readonly string[]} ids
 */
function placeGroups(ids) {
  const wanted = new Set(ids)
  for (const child of [...groupList.children]) if (!wanted.has(child.id)) child.remove()
  ids.forEach((id, place) => {
    const element = document.getElementById(id)
    const there = groupList.children[place] ?? null
    if (element !== null && element !== there) groupList.insertBefore(element, there)
  })
}

/** How long a connection may be away before the page says so: one that is renewed is soon back. */
const LOST_AFTER_MS = 3000
const RETRY_MS = 5000

/** How long nothing may be heard: two beats of the daemon have been missed then, and are not just late. */
const SILENT_AFTER_MS = 2.5 * Number(main.dataset['beat'])

/** @type {EventSource | undefined} */
let source
let since = main.dataset['since'] ?? ''
/** @type {number | undefined} */
let lostTimer
/** @type {number | undefined} */
let silenceTimer
/** @type {number | undefined} */
let retryTimer

function connect() {
  if (source !== undefined || document.hidden) return
  source = new EventSource(`events?since=${encodeURIComponent(since)}`)
  lostTimer ??= setTimeout(sayLost, LOST_AFTER_MS)
  awaitBeat()
  source.onopen = hear
  source.addEventListener('beat', hear)
  source.onmessage = ({ data, lastEventId }) => {
    hear()
    since = lastEventId
    apply(JSON.parse(data))
  }
  source.onerror = () => {
    lostTimer ??= setTimeout(sayLost, LOST_AFTER_MS)
    // It comes back by itself after a break, but not after an answer that refuses.
    if (source?.readyState !== EventSource.CLOSED) return
    disconnect()
    retryTimer = setTimeout(connect, RETRY_MS)
  }
}

function disconnect() {
  clearTimeout(retryTimer)
  clearTimeout(silenceTimer)
  source?.close()
  source = undefined
}

/** The daemon answers. */
function hear() {
  clearTimeout(lostTimer)
  lostTimer = undefined
  awaitBeat()
  say('on', 'live')
}

/** A daemon that stands still, or a network that is gone, ends no connection: it only falls silent. */
function awaitBeat() {
  clearTimeout(silenceTimer)
  silenceTimer = setTimeout(() => {
    sayLost()
    disconnect()
    connect()
  }, SILENT_AFTER_MS)
}

function sayLost() {
  say('lost', 'connection lost')
}

/** @type {(state: string, words: string) => void} */
function say(state, words) {
  live.className = `live ${state}`
  document.body.classList.toggle('lost', state === 'lost')
  setText(live, words)
}

/** @param {HTMLButtonElement} button */
async function copy(button) {
  let words = 'Copied'
  try {
    await navigator.clipboard.writeText(button.dataset['copy'] ?? '')
  } catch {
    // There is no clipboard without https: the command is selected instead.
    words = 'Press Ctrl-C'
    const code = button.previousElementSibling
    if (code !== null) getSelection()?.selectAllChildren(code)
  }
  button.dataset['said'] = words
  setTimeout(() => delete button.dataset['said'], 2000)
}

/**
 * Shows the group that a link leads to.
 * @param {string} hash
 */
function reveal(hash) {
  const group = document.getElementById(hash.slice(1))
  if (!(group instanceof HTMLDetailsElement)) return
  group.open = true
  group.hidden = false
}

function applyFilter() {
  const wanted = filterInput.value.trim().toLowerCase()
  let shown = 0
  for (const group of groupList.children) {
    const isShown = wanted === '' || (group.textContent ?? '').toLowerCase().includes(wanted)
    if (group.hasAttribute('hidden') === isShown) group.toggleAttribute('hidden', !isShown)
    if (isShown) shown += 1
  }
  setText(filterOutput, wanted === '' ? '' : `${shown} shown`)
}

/** What the script adds to new markup. */
function prepare() {
  for (const button of document.querySelectorAll('.copy[hidden]')) button.removeAttribute('hidden')
  filter.hidden = groupList.children.length < 2
  applyFilter()
  countOn()
}

document.addEventListener('click', ({ target }) => {
  if (!(target instanceof Element)) return
  const button = target.closest('.copy')
  if (button instanceof HTMLButtonElement) void copy(button)
  reveal(target.closest('a')?.hash ?? '')
})
filterInput.addEventListener('input', applyFilter)
// A browser has few connections to a server: pages that nobody looks at give theirs back.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) disconnect()
  else connect()
})

prepare()
reveal(location.hash)
setInterval(countOn, 1000)
connect()
