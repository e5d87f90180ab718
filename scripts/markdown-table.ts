/** Reads the rows of the first table in a Markdown page. */

/** Each row as its trimmed cells, without the header; backticks around a whole cell are taken off. */
export function parseTable(markdown: string, columns: number): string[][] {
  const lines = markdown.split('\n').filter((line) => line.trimStart().startsWith('|'))
  return lines.slice(2).map((line, index) => {
    const cells = line
      .trim()
      .replace(/^\||\|$/g, '')
      .split(/(?<!\\)\|/)
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
