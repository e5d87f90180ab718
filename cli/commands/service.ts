/** `holt service install|remove|status` */

import type { ExitStatus } from '../../protocol/api/constants.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { findDaemon, stopDaemon, waitForDaemon } from '../daemon-process.ts'
import { installService, isActive, isInstalled, removeService } from '../service/carry-out.ts'
import { planService } from '../service/service.ts'
import { t } from '../text.ts'

export async function runInstall(context: CommandContext): Promise<undefined> {
  const { home, out, world } = context
  const plan = planService(world, home)
  // One that was started by hand has the home: the service's own could not have it.
  if (plan.isActive !== undefined && (await isActive(world, plan)) === false) await stopDaemon(context)
  await installService(world, plan)
  out.line(t`Holt starts at every login now: ${plan.place}`)
  if (plan.hint !== undefined) out.note(t`${plan.hint}`)
  if (plan.isActive === undefined) return
  const daemon = await waitForDaemon(context)
  if (daemon === undefined) {
    const nextStep = plan.kind === 'systemd' ? `See why: systemctl --user status ${plan.name}` : 'See: holt daemon'
    throw new CliError(EXIT.failed, 'The service was installed, but its daemon does not answer.', { nextStep })
  }
  out.line(t`It runs, as ${daemon.name} (process ${daemon.pid}).`)
}

export async function runRemove({ home, out, world }: CommandContext): Promise<undefined> {
  const plan = planService(world, home)
  const wasThere = await removeService(world, plan)
  out.line(wasThere ? t`Holt does not start at login any more.` : t`The service was not installed.`)
}

export async function runStatus(context: CommandContext): Promise<ExitStatus> {
  const { args, home, out, world } = context
  const plan = planService(world, home)
  const status = {
    kind: plan.kind,
    name: plan.name,
    place: plan.place,
    isInstalled: await isInstalled(world, plan),
    isActive: await isActive(world, plan),
  }
  if (args.has('json')) {
    out.json(status)
    return status.isInstalled ? EXIT.ok : EXIT.notFound
  }
  if (!status.isInstalled) {
    out.line(t`Holt does not start at login. To change that: holt service install`)
    return EXIT.notFound
  }
  const isRunning = status.isActive ?? (await findDaemon(context)) !== undefined
  out.line(t`Holt starts at login: ${plan.place}`)
  out.line(isRunning ? t`It runs.` : t`It does not run now.`)
  return EXIT.ok
}
