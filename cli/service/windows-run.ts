/** A program that Windows starts when this user logs in: an entry of the registry that needs no administrator. */

import type { ServicePlan, ServiceQuestion } from './service.ts'

const KEY = String.raw`HKCU\Software\Microsoft\Windows\CurrentVersion\Run`

export function createRunEntry({ world, home, suffix }: ServiceQuestion): ServicePlan {
  const name = `Holt${suffix}`
  return {
    kind: 'windows-run',
    name,
    place: `${KEY}\\${name}`,
    file: undefined,
    install: [['reg', 'add', KEY, '/v', name, '/t', 'REG_SZ', '/d', commandLine(world.daemonProgram, home.path), '/f']],
    remove: [['reg', 'delete', KEY, '/v', name, '/f']],
    afterRemove: [],
    isInstalled: ['reg', 'query', KEY, '/v', name],
    isActive: undefined,
    hint: 'It starts at the next login. To start it now: holt start',
  }
}

/** A window that stays hidden, with the home in its environment: Windows has no word for either in a `Run` entry. */
function commandLine(program: readonly string[], home: string): string {
  const quoted = program.map((word) => `'${forPowerShell(word)}'`)
  const script = `$env:HOLT_HOME='${forPowerShell(home)}'; $env:UV_THREADPOOL_SIZE='64'; & ${quoted.join(' ')}`
  return `powershell.exe -NoProfile -WindowStyle Hidden -Command "${script.replaceAll('"', '\\"')}"`
}

function forPowerShell(text: string): string {
  return text.replaceAll("'", "''")
}
