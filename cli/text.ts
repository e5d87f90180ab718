/**
 * Text for a terminal. Everything that a command prints is a `Text`, and a `Text` is made only by `t`, which cleans what is
 * put into it: so no name of a file or a device can move the cursor, set a colour or turn the direction of writing around.
 */

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Puts the escape codes of each style around a text. */
export type Painter = Readonly<Record<Style, (text: string) => string>>

interface Span {
  readonly text: string
  readonly styles: readonly Style[]
}

/** Clean, with its styles beside it: they become escape codes only for a stream that shows colours. */
export interface Text {
  readonly spans: readonly Span[]
}

/** Control characters, and what reorders, hides or breaks lines: C0, C1, bidi marks and isolates, invisible spaces, separators. */
const UNCLEAN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu
const REPLACEMENT = '\ufffd'

/** Shows each unclean character and each lone surrogate as U+FFFD, so that two names that differ do not look the same. */
export function clean(value: string): string {
  return value.toWellFormed().replaceAll(UNCLEAN, REPLACEMENT)
}

/** A text with cleaned values in it. The literal parts are ours. */
export function t(strings: TemplateStringsArray, ...values: readonly (string | number | Text)[]): Text {
  return {
    spans: strings.flatMap((literal, index) => [{ text: literal, styles: [] }, ...spansOf(values[index] ?? '')]),
  }
}

export function styled(style: Style, value: string | number | Text): Text {
  return { spans: spansOf(value).map(({ text, styles }) => ({ text, styles: [style, ...styles] })) }
}

export function joined(texts: readonly Text[], separator: string): Text {
  return { spans: texts.flatMap(({ spans }, index) => [...(index > 0 ? spansOf(separator) : []), ...spans]) }
}

export function plainOf({ spans }: Text): string {
  return spans.map(({ text }) => text).join('')
}

/** With escape codes where there is a painter. */
export function render({ spans }: Text, paint?: Painter): string {
  if (paint === undefined) return plainOf({ spans })
  return spans
    .map(({ text, styles }) => (text === '' ? '' : styles.reduce((inner, style) => paint[style](inner), text)))
    .join('')
}

/** Wide characters of East Asia and emoji take two columns, combining marks none. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]|[\u{20000}-\u{3fffd}]/u
const NARROW = /\p{Mn}|\p{Me}|\u200c|\u200d|\ufe0f/u

/** Columns of a terminal that it takes. */
export function widthOf(text: Text): number {
  let width = 0
  for (const character of plainOf(text)) width += WIDE.test(character) ? 2 : NARROW.test(character) ? 0 : 1
  return width
}

function spansOf(value: string | number | Text): readonly Span[] {
  if (typeof value === 'object') return value.spans
  return [{ text: clean(String(value)), styles: [] }]
}
