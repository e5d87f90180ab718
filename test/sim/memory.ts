/**
 * What a run must not lose, and what must stay gone. Every content that is written is a text of its own, so that it can be
 * told wherever it turns up.
 */

export interface Memory {
  /** Texts that were written, and that no person overwrote or deleted where they saw them: each must live in the folder at the end. */
  readonly kept: Set<string>
  /** Texts that a person deleted while all devices agreed, or that nobody else touched, with the device: none may come back. */
  readonly gone: Map<string, string>
  /** Texts whose file got another time somewhere: no look at a folder tells whether all have heard of that. */
  readonly retimed: Set<string>
  written: number
}

export function createMemory(): Memory {
  return { kept: new Set(), gone: new Map(), retimed: new Set(), written: 0 }
}

/** A text that nobody wrote before. */
export function newText(memory: Memory, device: string, padding: number): string {
  memory.written += 1
  const text = `${device} ${memory.written} ${'x'.repeat(padding)}`
  memory.kept.add(text)
  return text
}
