/** Every data set by its name. */

import { makeBig } from './big.ts'
import type { DataSet, SetName, SetOptions } from './data-set.ts'
import { makeMillion } from './million.ts'
import { makeMixed } from './mixed.ts'
import { makePhotos } from './photos.ts'
import { makeSmall } from './small.ts'

const MAKERS: Readonly<Record<SetName, (o: SetOptions) => DataSet>> = {
  big: makeBig,
  mixed: makeMixed,
  small: makeSmall,
  photos: makePhotos,
  million: makeMillion,
}

export function makeSet(name: SetName, o: SetOptions): DataSet {
  return MAKERS[name](o)
}
