/** Reads the rows of the tables in a Markdown page. */

/** The line between a table's header and its rows. */
const RULE = /^\|(\s*:?-+:?\s*\|)+$/

/** The rows of all tables, without headers, each as its trimmed cells; backticks around a whole cell are taken off. */
export function parseTable(markdown: string, columns: number): string[][] {
  const lines = markdown.split('\n').map((line) => line.trim())
  const rows = lines.filter(
    (line, index) => line.startsWith('|') && !RULE.test(line) && !RULE.test(lines[index + 1] ?? ''),
  )
  return rows.map((line, index) => {
    const cells = line.replace(/^\||\|$/g, '').split(/(?<!\\)\|/)
    if (cells.length !== columns) {
      throw new Error(`row ${index + 1} has ${cells.length} cells and not ${columns}: ${line}`)
    }
    return cells.map(plain)
  })
}

function plain(cell: string): string {
  return cell
    .trim()
    .replaceAll('\\|', '|')
    .replace(/^`([^`]*)`$/, '$1')
}
