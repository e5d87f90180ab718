/** Scripts that let a shell complete commands. Each asks `holt complete`, so that none grows stale. */

/** What `holt complete` prints where the shell itself knows better: a path. */
export const PATH_WORD = ':path'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

export const COMPLETION_SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# Completes holt in bash.
_holt() {
  local current="\${COMP_WORDS[COMP_CWORD]}" word
  COMPREPLY=()
  while IFS= read -r word; do
    if [ "$word" = '${PATH_WORD}' ]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
    else
      COMPREPLY+=("$(printf '%q' "$word")")
    fi
  done < <(holt complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _holt holt
`,
  zsh: `#compdef holt
# Completes holt in zsh.
_holt() {
  local -a found
  found=("\${(@f)$(holt complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${found[1]}" == '${PATH_WORD}' ]]; then
    _files
  else
    compadd -a found
  fi
}
if [[ "\${funcstack[1]}" == _holt ]]; then
  _holt "$@"
else
  compdef _holt holt
fi
`,
  fish: `# Completes holt in fish.
function __holt_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found (holt complete -- $words[2..-1] 2>/dev/null)
  if test "$found[1]" = '${PATH_WORD}'
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $found
  end
end
complete -c holt -f -a '(__holt_complete)'
`,
}
