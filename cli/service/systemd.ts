/** A unit of the systemd of this user (systemd.service(5), systemd.syntax(7)). */

import { join } from 'node:path'
import type { ServicePlan, ServiceQuestion } from './service.ts'

const SYSTEMCTL = ['systemctl', '--user'] as const
/** Set up wrongly, or used wrongly: starting it again changes nothing. */
const HOPELESS = '2 78'

export function createUnit({ world, home, suffix }: ServiceQuestion): ServicePlan {
  const { environment, homeDirectory, daemonProgram } = world
  const given = environment['XDG_CONFIG_HOME']
  const config = given?.startsWith('/') === true ? given : join(homeDirectory, '.config')
  const name = `holt${suffix}.service`
  const path = join(config, 'systemd', 'user', name)
  return {
    kind: 'systemd',
    name,
    place: path,
    file: { path, text: unitText(daemonProgram, home.path) },
    install: [
      [...SYSTEMCTL, 'daemon-reload'],
      [...SYSTEMCTL, 'enable', '--now', name],
    ],
    remove: [[...SYSTEMCTL, 'disable', '--now', name]],
    afterRemove: [[...SYSTEMCTL, 'daemon-reload']],
    isInstalled: undefined,
    isActive: [...SYSTEMCTL, '--quiet', 'is-active', name],
    hint: 'It starts at login. To start it with the machine: loginctl enable-linger',
  }
}

function unitText(program: readonly string[], home: string): string {
  return `[Unit]
Description=Holt keeps folders the same on all of your devices

[Service]
ExecStart=${program.map((word) => quote(word).replaceAll('$', '$$$$')).join(' ')}
Environment=${quote(`HOLT_HOME=${home}`)} UV_THREADPOOL_SIZE=64
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=${HOPELESS}

[Install]
WantedBy=default.target
`
}

/** Specifiers begin with %. */
function quote(word: string): string {
  return `"${word.replaceAll(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`
}
