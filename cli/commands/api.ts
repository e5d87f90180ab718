/** `holt api` */

import { API_PREFIX } from '../../protocol/api/constants.ts'
import type { Api } from '../../protocol/api/daemon.ts'
import { toColumns } from '../columns.ts'
import type { CommandContext } from '../command.ts'
import { shellWord } from '../../protocol/shell-word.ts'
import type { Text } from '../text.ts'
import { styled, t } from '../text.ts'

export async function runApi({ args, client, out, signal }: CommandContext): Promise<undefined> {
  const api = await client.call('getApi', {}, { signal })
  if (args.has('json')) out.json(api)
  else for (const line of renderApi(api)) out.line(line)
}

function renderApi(api: Api): Text[] {
  const facts: [string, string][] = [
    ['address', api.url ?? 'off; only the socket'],
    ['socket', api.socketPath],
    ['token', api.token],
    ['document', `${api.url ?? 'http://localhost'}${api.openApiPath}`],
  ]
  return [...toColumns(facts.map(([name, value]) => [styled('dim', name), t`${value}`])), t``, t`${curlLine(api)}`]
}

/** For a shell, as it stands. */
function curlLine({ url, socketPath, token }: Api): string {
  if (url === null) return `curl --silent --unix-socket ${shellWord(socketPath)} http://localhost${API_PREFIX}/status`
  return `curl --silent --header 'Authorization: Bearer ${token}' ${shellWord(`${url}${API_PREFIX}/status`)}`
}
