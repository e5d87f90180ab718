/** Sizes as people type them. */

/** Bytes of `500`, `10k`, `2 GB`, `1.5T`: powers of 1000; `KiB` and so on of 1024. Undefined for what is no size. */
export function parseBytes(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)b?$/i.exec(text.trim())
  if (found === null) return undefined
  const [, amount = '', unit = '', binary = ''] = found
  const power = ' kmgtp'.indexOf(unit === '' ? ' ' : unit.toLowerCase())
  const bytes = Math.round(Number(amount) * (binary === '' ? 1000 : 1024) ** power)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}
