/** Writes a data set in a process of its own: `write-set.ts NAME SEED full|quick DIRECTORY`. */

import { SET_NAMES } from './data-set.ts'
import { makeSet } from './make-set.ts'

const [name, seed = '1', size, directory = ''] = process.argv.slice(2)
const set = SET_NAMES.find((each) => each === name)
if (set === undefined) throw new Error(`${name ?? ''} is no data set`)
makeSet(set, { seed: Number(seed), isQuick: size === 'quick' }).write(directory)
