/**
 * Git's wildmatch, step by step as in git's wildmatch.c, so that patterns mean what they mean there. Patterns and texts are bytes of
 * UTF-8, one in each unit, for that is what `?` and a class stand for in git.
 */

/** `over`: no later place of the text can match either. `far`: only a `**` further up may go on. */
type Outcome = 'match' | 'none' | 'over' | 'far'

interface Run {
  readonly pattern: string
  readonly text: string
  /** Whether `*`, `?` and classes stop at a slash, and `**` does not. */
  readonly isPath: boolean
  /** What was found from a place of both, once there are many: or else some patterns would take for ever. */
  readonly known: Map<number, Outcome>
  steps: number
}

/** Matches take so many steps without remembering any. */
const STEPS_FORGOTTEN = 64
const NUL = 0
const SLASH = unitOf('/')
const STAR = unitOf('*')
const QUESTION = unitOf('?')
const OPEN = unitOf('[')
const CLOSE = unitOf(']')
const BACKSLASH = unitOf('\\')
const DASH = unitOf('-')
const BANG = unitOf('!')
const CARET = unitOf('^')
const COLON = unitOf(':')

/** @param isPath whether a slash is matched by nothing but itself and `**`. */
export function wildmatch(pattern: string, text: string, { isPath }: { readonly isPath: boolean }): boolean {
  return matchFrom({ pattern, text, isPath, known: new Map(), steps: 0 }, 0, 0) === 'match'
}

/** The bytes of a text in UTF-8, each as one unit. */
export function toByteText(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('')
}

/** Whether a unit means more than itself in a pattern. */
export function isSpecial(unit: number): boolean {
  return unit === NUL || unit === STAR || unit === QUESTION || unit === OPEN || unit === BACKSLASH
}

function unitOf(character: string): number {
  return character.charCodeAt(0)
}

/** Past the end is NUL, as in git. */
function unitAt(text: string, at: number): number {
  return at < text.length ? text.charCodeAt(at) : NUL
}

function matchFrom(run: Run, patternAt: number, textAt: number): Outcome {
  run.steps += 1
  if (run.steps <= STEPS_FORGOTTEN) return match(run, patternAt, textAt)
  const place = patternAt * (run.text.length + 1) + textAt
  const known = run.known.get(place)
  if (known !== undefined) return known
  const outcome = match(run, patternAt, textAt)
  run.known.set(place, outcome)
  return outcome
}

function match(run: Run, start: number, from: number): Outcome {
  const { pattern, text, isPath } = run
  let at = from
  for (let p = start; p < pattern.length; p += 1, at += 1) {
    const wanted = unitAt(pattern, p)
    const found = unitAt(text, at)
    if (found === NUL && wanted !== STAR) return 'over'
    if (wanted === STAR) return matchStar(run, start, p, at)
    if (wanted === OPEN) {
      const end = classEnd(pattern, p, found)
      if (end.kind === 'open') return 'over'
      if (!end.isMatch || (isPath && found === SLASH)) return 'none'
      p = end.at
    } else if (wanted === QUESTION) {
      if (isPath && found === SLASH) return 'none'
    } else {
      if (wanted === BACKSLASH) p += 1
      if (unitAt(pattern, p) !== found) return 'none'
    }
  }
  return at < text.length ? 'none' : 'match'
}

/** @param start where this run of the pattern began: what stands there counts as after a slash. */
function matchStar(run: Run, start: number, star: number, textAt: number): Outcome {
  const { pattern, text, isPath } = run
  let p = star + 1
  let passesSlash = !isPath
  if (unitAt(pattern, p) === STAR) {
    while (unitAt(pattern, p) === STAR) p += 1
    const isWhole = star === start || unitAt(pattern, star - 1) === SLASH
    const next = unitAt(pattern, p)
    const isEnd = next === NUL || next === SLASH || (next === BACKSLASH && unitAt(pattern, p + 1) === SLASH)
    if (isPath && isWhole && isEnd) {
      if (next === SLASH && matchFrom(run, p + 1, textAt) === 'match') return 'match'
      passesSlash = true
    }
  }
  if (p >= pattern.length) return passesSlash || !text.includes('/', textAt) ? 'match' : 'none'
  if (!passesSlash && unitAt(pattern, p) === SLASH) {
    const slash = text.indexOf('/', textAt)
    return slash < 0 ? 'none' : matchFrom(run, p + 1, slash + 1)
  }
  return matchAfterStar(run, p, textAt, passesSlash)
}

/** The star takes one unit after the other, until the rest fits. */
function matchAfterStar(run: Run, p: number, from: number, passesSlash: boolean): Outcome {
  const { pattern, text } = run
  const next = unitAt(pattern, p)
  for (let at = from; at < text.length; at += 1) {
    if (!isSpecial(next)) {
      while (at < text.length && unitAt(text, at) !== next && (passesSlash || unitAt(text, at) !== SLASH)) at += 1
      if (unitAt(text, at) !== next) return 'none'
    }
    const found = matchFrom(run, p, at)
    if (found !== 'none' && (!passesSlash || found !== 'far')) return found
    if (found === 'none' && !passesSlash && unitAt(text, at) === SLASH) return 'far'
  }
  return 'over'
}

// ---- Classes: `[a-z]`, `[!a]`, `[[:alpha:]]`.

type ClassEnd = { readonly kind: 'open' } | { readonly kind: 'closed'; readonly at: number; readonly isMatch: boolean }
const NEVER_CLOSED: ClassEnd = { kind: 'open' }

/** What the class at a place says of a unit, and where its bracket closes. */
function classEnd(pattern: string, open: number, found: number): ClassEnd {
  let p = open + 1
  const isNegated = unitAt(pattern, p) === BANG || unitAt(pattern, p) === CARET
  if (isNegated) p += 1
  let isMatch = false
  /** What a range may begin with; NUL after what none begins with. */
  let previous = NUL
  do {
    const member = memberAt(pattern, p, previous, found)
    if (member === undefined) return NEVER_CLOSED
    isMatch ||= member.isMatch
    previous = member.beginsRange
    p = member.last + 1
  } while (unitAt(pattern, p) !== CLOSE)
  return { kind: 'closed', at: p, isMatch: isMatch !== isNegated }
}

interface Member {
  readonly isMatch: boolean
  /** Its last unit. */
  readonly last: number
  readonly beginsRange: number
}

/** Undefined where the pattern ends, or names a class that there is not: then nothing matches. */
function memberAt(pattern: string, p: number, previous: number, found: number): Member | undefined {
  const unit = unitAt(pattern, p)
  const next = unitAt(pattern, p + 1)
  if (unit === NUL) return undefined
  if (unit === BACKSLASH) return next === NUL ? undefined : one(next, p + 1, found)
  if (unit === DASH && previous !== NUL && next !== NUL && next !== CLOSE)
    return rangeTo(pattern, p + 1, previous, found)
  return unit === OPEN && next === COLON ? namedClass(pattern, p, found) : one(unit, p, found)
}

function one(unit: number, last: number, found: number): Member {
  return { isMatch: unit === found, last, beginsRange: unit }
}

function rangeTo(pattern: string, p: number, from: number, found: number): Member | undefined {
  const last = unitAt(pattern, p) === BACKSLASH ? p + 1 : p
  const to = unitAt(pattern, last)
  return to === NUL ? undefined : { isMatch: from <= found && found <= to, last, beginsRange: NUL }
}

function namedClass(pattern: string, open: number, found: number): Member | undefined {
  const close = pattern.indexOf(']', open + 2)
  if (close < 0) return undefined
  // Without the second colon it is a set like any other.
  if (close < open + 3 || unitAt(pattern, close - 1) !== COLON) return one(unitAt(pattern, open), open, found)
  const members = CLASSES[pattern.slice(open + 2, close - 1)]
  if (members === undefined) return undefined
  return { isMatch: members.test(String.fromCharCode(found)), last: close, beginsRange: NUL }
}

/** Of ASCII alone, as git has them. */
const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /[\0-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[\t\n\r ]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
}
