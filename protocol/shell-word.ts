/** Words as a shell takes them, for the commands that a person is told to type. */

/** Quoted only where it has to be. */
export function shellWord(text: string): string {
  return /^[\w/.,:@%+=~-]+$/.test(text) && !/^[-~=]/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
