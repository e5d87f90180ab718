/** A launch agent of this user (launchd.plist(5)). */

import { join } from 'node:path'
import type { ServicePlan, ServiceQuestion } from './service.ts'

export function createLaunchAgent({ world, home, suffix }: ServiceQuestion): ServicePlan {
  const label = `holt.daemon${suffix}`
  const path = join(world.homeDirectory, 'Library', 'LaunchAgents', `${label}.plist`)
  const domain = `gui/${process.getuid?.() ?? 0}`
  return {
    kind: 'launchd',
    name: label,
    place: path,
    file: { path, text: agentText(label, world.daemonProgram, home.path) },
    install: [['launchctl', 'bootstrap', domain, path]],
    remove: [['launchctl', 'bootout', `${domain}/${label}`]],
    afterRemove: [],
    isInstalled: undefined,
    isActive: ['launchctl', 'print', `${domain}/${label}`],
    hint: undefined,
  }
}

function agentText(label: string, program: readonly string[], home: string): string {
  const words = program.map((word) => `    <string>${escape(word)}</string>`).join('\n')
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${escape(label)}</string>
  <key>ProgramArguments</key>
  <array>
${words}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
    <key>HOLT_HOME</key>
    <string>${escape(home)}</string>
    <key>UV_THREADPOOL_SIZE</key>
    <string>64</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
</dict>
</plist>
`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
